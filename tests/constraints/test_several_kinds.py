"""Several random rules at once: two roles, forced moves, merged families, own numbers, every backend."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from pydantic import ValidationError

from coverplan.payload.policy import Policy
from coverplan.verify import verify
from support.brute import check_evaluate, check_solve
from support.rich import rich_policies, rich_problems
from support.sampling import COVERS, examples

Document = dict[str, Any]


@examples(60)
@given(rich_problems(), rich_policies())
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """The optimum is the best of all assignments, and the whole plan document passes the verifier."""
    plan = check_solve(problem, policy)

    if plan is not None:
        found = verify(problem, policy, plan.model_dump(mode="json"))
        assert found.ok, found.failures


@pytest.mark.parametrize("backend", ["cp_sat", "scip", "cbc"])
def test_every_backend_finds_it(backend: Literal["cp_sat", "scip", "cbc"]) -> None:
    """The other backends on fewer of the same problems."""

    @examples(10)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        plan = check_solve(problem, policy, backend)
        if plan is not None:
            found = verify(problem, policy, plan.model_dump(mode="json"))
            assert found.ok, found.failures

    check()


@examples(60)
@given(rich_problems(), rich_policies(), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms, roll-ups and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "balance", "within": ["land", "land"]},
        {"kind": "coverage", "min_share": 1, "per": "territory", "ids": ["land", "land"]},
        {"kind": "revenue_target", "target": 5, "per": "territory", "ids": ["land", "land"]},
    ],
)
def test_a_scope_is_listed_once(rule: Document) -> None:
    """Twice it would be one row that counts double."""
    with pytest.raises(ValidationError, match="listed twice"):
        Policy.model_validate({"constraints": [rule]})
