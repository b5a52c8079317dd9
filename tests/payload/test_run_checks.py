"""What a run request says of itself."""

from __future__ import annotations

import json

from coverplan.payload.run_checks import check_run
from coverplan.payload.runs import RunRequest


def found(**request: object) -> set[tuple[str, str]]:
    report = check_run(RunRequest.model_validate_json(json.dumps(request)))
    return {(issue.code, issue.pointer) for issue in report.errors}


def test_a_problem_that_is_missing_is_missing_where_it_would_stand() -> None:
    assert found() == {("missing_field", "/problem")}


def test_a_policy_for_a_dataset_is_checked_as_far_as_it_can_be_alone() -> None:
    """Whether account a1 exists is for the worker to see."""
    rules = [{"kind": "account_count", "min": 5, "max": 2}, {"kind": "protect", "accounts": {"ids": ["a1"]}}]

    assert found(dataset_id="ds-1", policy={"constraints": rules}) == {
        ("contradictory_bounds", "/policy/constraints/0/min")
    }
