"""Large lists may come from anything that yields them, and nothing of them is held for longer than it is needed."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given

from coverplan.verify import Judge, verify
from coverplan.verify.findings import MOST_FAILURES
from support.brute import check_solve
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]
CAPACITY: Document = {"constraints": [{"kind": "capacity"}]}


class Row(dict[str, Any]):
    """A document that can be asked whether somebody still holds it."""


class Stream:
    """Yields documents that nobody else holds; counts how often it is read, and how many documents live at once."""

    def __init__(self, rows: list[Document]) -> None:
        self._rows = rows
        self.times = 0
        self.most_alive = 0

    def __iter__(self) -> Iterator[Document]:
        self.times += 1
        living: weakref.WeakSet[_Token] = weakref.WeakSet()
        for row in self._rows:
            token = _Token()
            living.add(token)
            yield Row(row, token=token)
            del token
            self.most_alive = max(self.most_alive, len(living))


class _Token:
    """Lives as long as the document that it is put into."""


def problem_of(count: int) -> Document:
    """Accounts worth 10 an hour with Ana or Bo, who have hours for all; every third has its own numbers with Bo."""
    return {
        "reps": [{"id": "ana", "capacity_hours": 2 * count}, {"id": "bo", "capacity_hours": 2 * count}],
        "accounts": [{"id": f"a{k}", "potential": 10, "parent_id": "a0" if k else None} for k in range(count)],
        "pairs": [{"account_id": f"a{k}", "rep_id": "bo", "value": 30, "hours": 2} for k in range(0, count, 3)],
    }


def plan_of(problem: Document) -> Document:
    """The best plan: whoever is worth most, Ana where both are worth the same."""
    plan = check_solve(problem, CAPACITY)
    assert plan is not None
    return plan.model_dump(mode="json")


def test_streams_are_verified_like_lists() -> None:
    """Accounts and pairs are read once, assignments twice, and no document outlives the next one."""
    problem = problem_of(7)
    plan = plan_of(problem)
    accounts, pairs = Stream(problem["accounts"]), Stream(problem["pairs"])
    assignments, uncovered = Stream(plan["assignments"]), Stream(plan["uncovered"])

    found = verify(
        {**problem, "accounts": accounts, "pairs": pairs},
        CAPACITY,
        {**plan, "assignments": assignments, "uncovered": uncovered},
    )

    assert found == verify(problem, CAPACITY, plan)
    assert found.ok
    assert found.objective == 130  # 3 x 30 with Bo, 4 x 10
    assert (accounts.times, pairs.times, assignments.times) == (1, 1, 2)
    assert max(accounts.most_alive, pairs.most_alive, assignments.most_alive) == 1


def test_no_plan_with_an_empty_stream_of_assignments() -> None:
    """An empty stream is as good as an empty list."""
    problem = {**problem_of(1), "reps": [{"id": "ana", "capacity_hours": 0}]}
    policy = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}
    problem["pairs"] = []
    plan = check_solve(problem, policy)
    assert plan is not None
    claimed = {**plan.model_dump(mode="json"), "least_violating": None}

    assert verify(problem, policy, {**claimed, "assignments": Stream([])}).ok
    assert not verify(problem, policy, {**claimed, "assignments": Stream([{"account_id": "a0"}])}).ok


def test_a_plan_that_is_wrong_throughout_has_a_last_failure() -> None:
    """Failures are listed up to a limit, however long the plan."""
    wrong = [{"account_id": f"nobody-{k}", "role": "account_executive", "rep_id": "ana"} for k in range(MOST_FAILURES)]
    problem = problem_of(2)

    found = verify(problem, CAPACITY, {**plan_of(problem), "assignments": Stream(wrong)})

    assert len(found.failures) == MOST_FAILURES + 1
    assert found.failures[-1].code == "more_failures"


@examples(100)
@given(rich_problems(), rich_policies())
def test_nobody_is_admissible_but_the_reps_that_are_looked_at(problem: Document, policy: Document) -> None:
    """Judged over all reps, the same reps are admissible for each unit."""
    case = Judge(problem, policy).case
    for unit in case.units:
        narrow = [case.market.access(seat, crew) for seat, crew in case.crews(unit)]
        everybody = np.arange(len(case.book.reps))
        wide = [case.market.access(seat, case.market.crew(seat, everybody)) for seat, _ in case.crews(unit)]

        assert narrow[0].reps[case.admissible(narrow)].tolist() == everybody[case.admissible(wide)].tolist()
