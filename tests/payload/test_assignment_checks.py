"""What is wrong with given assignments is told at once, beside what is wrong with the problem."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coverplan.api.body import checked
from coverplan.payload.issues import Issue, PayloadError
from coverplan.payload.requests import EvaluateRequest

PROBLEM: dict[str, Any] = {
    "segments": [{"id": "solo", "roles": [{"role": "ae"}]}, {"id": "duo", "roles": [{"role": "ae"}, {"role": "se"}]}],
    "reps": [{"id": "ana", "role": "ae"}, {"id": "sam", "role": "se"}],
    "accounts": [{"id": "acme", "segment": "solo"}, {"id": "birch", "segment": "duo"}],
}


def errors(*assignments: dict[str, str], **problem: Any) -> list[Issue]:
    body = {"problem": {**PROBLEM, **problem}, "assignments": assignments}
    with pytest.raises(PayloadError) as caught:
        checked(EvaluateRequest, json.dumps(body).encode())
    return caught.value.report.errors


def test_every_assignment_is_told_what_is_wrong_with_it_and_so_is_the_problem() -> None:
    found = errors(
        {"account_id": "acme", "rep_id": "Ana"},
        {"account_id": "acme", "rep_id": "ana", "role": "ae"},
        {"account_id": "Birch", "rep_id": "sam"},
        managers=[{"id": "m", "manager_id": "q"}],
    )

    assert [(issue.code, issue.pointer, issue.value) for issue in found] == [
        ("unknown_manager", "/problem/managers/0/manager_id", "q"),
        ("unknown_rep", "/assignments/0/rep_id", "Ana"),
        ("duplicate_assignment", "/assignments/1", "acme"),
        ("unknown_account", "/assignments/2/account_id", "Birch"),
    ]
    assert found[1].suggestion == 'Did you mean "ana"?'


def test_a_role_that_other_accounts_need_is_not_called_unknown() -> None:
    [issue] = errors(
        {"account_id": "birch", "rep_id": "sam", "role": "se"}, {"account_id": "acme", "rep_id": "sam", "role": "se"}
    )

    assert (issue.code, issue.pointer, issue.value) == ("role_not_in_segment", "/assignments/1/role", "se")
    assert issue.suggestion == "Its roles are ae."
