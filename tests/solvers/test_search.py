"""How a solve's end is read, whatever the backend calls it."""

from __future__ import annotations

import numpy as np
import pytest

from coverplan.mip.program import Limits, Program, Status, Step, StoppedBy
from coverplan.solvers.search import Ended, Search
from support.programs import program


def search(limits: Limits | None = None, steps: list[Step] | None = None) -> Search:
    """Two accounts worth 60 and 40, one rep with room for one."""
    given: Program = program([60, 40], [[1, 1]], [-np.inf], [1], [1, 1], [True, True])
    listen = steps.append if steps is not None else None
    return Search(given, limits or Limits(relative_gap=0.0), None, listen)


@pytest.mark.parametrize(
    ("bound", "ended", "limits", "status", "stopped_by"),
    [
        (60.0, Ended.COMPLETE, Limits(relative_gap=0.0), Status.OPTIMAL, StoppedBy.PROOF),
        (60.0, Ended.TIME, Limits(relative_gap=0.0), Status.OPTIMAL, StoppedBy.PROOF),
        (59.9999999, Ended.COMPLETE, Limits(relative_gap=0.0), Status.OPTIMAL, StoppedBy.PROOF),
        (61.0, Ended.COMPLETE, Limits(relative_gap=0.02), Status.FEASIBLE, StoppedBy.GAP),
        (61.0, Ended.TIME, Limits(relative_gap=0.0, absolute_gap=1.0), Status.FEASIBLE, StoppedBy.GAP),
        (61.0, Ended.TIME, Limits(relative_gap=0.0), Status.FEASIBLE, StoppedBy.TIME_LIMIT),
        (61.0, Ended.WORK, Limits(relative_gap=0.0), Status.FEASIBLE, StoppedBy.WORK_LIMIT),
        (np.inf, Ended.FAILED, Limits(relative_gap=0.0), Status.FEASIBLE, StoppedBy.SOLVER_LOST),
    ],
)
def test_the_numbers_decide(bound: float, ended: Ended, limits: Limits, status: Status, stopped_by: StoppedBy) -> None:
    """A point of 60 and some bound: optimal only where the bound says so."""
    solve = search(limits)
    assert solve.found(np.array([1.0, 0.0]))
    solve.bounded(bound)

    result = solve.result(ended)

    assert (result.status, result.stopped_by, result.objective) == (status, stopped_by, 60.0)
    assert result.dual_bound == max(bound, 60.0)


@pytest.mark.parametrize("bound", [30.0, 60.0 - 1e-5])
def test_a_bound_below_the_own_point_is_none(bound: float) -> None:
    """30 is no upper bound where a point is worth 60, nor is what misses that by more than rounding."""
    solve = search()
    assert solve.found(np.array([1.0, 0.0]))
    solve.bounded(bound)

    result = solve.result(Ended.COMPLETE)

    assert (result.status, result.dual_bound) == (Status.FEASIBLE, np.inf)
    assert any("not believed" in note for note in result.notes)


@pytest.mark.parametrize(
    ("ended", "status", "stopped_by"),
    [
        (Ended.INFEASIBLE, Status.INFEASIBLE, StoppedBy.PROOF),
        (Ended.TIME, Status.NO_SOLUTION, StoppedBy.TIME_LIMIT),
        (Ended.WORK, Status.NO_SOLUTION, StoppedBy.WORK_LIMIT),
        (Ended.FAILED, Status.NO_SOLUTION, StoppedBy.SOLVER_LOST),
        (Ended.COMPLETE, Status.NO_SOLUTION, StoppedBy.SOLVER_LOST),
    ],
)
def test_without_a_point(ended: Ended, status: Status, stopped_by: StoppedBy) -> None:
    """Only a proof makes a program infeasible; a backend that is done yet has no usable point is lost."""
    result = search().result(ended)

    assert (result.status, result.stopped_by, result.x) == (status, stopped_by, None)


def test_infeasible_beside_a_feasible_point_is_not_believed() -> None:
    """The point stays; neither the claim nor the bound does."""
    solve = search()
    solve.found(np.array([0.0, 1.0]))
    solve.bounded(50.0)

    result = solve.result(Ended.INFEASIBLE)

    assert (result.status, result.objective, result.dual_bound) == (Status.FEASIBLE, 40.0, np.inf)
    assert "infeasible" in result.notes[0]


def test_worse_news_is_no_news() -> None:
    """Steps only ever improve."""
    steps: list[Step] = []
    solve = search(steps=steps)

    assert solve.found(np.array([1.0, 0.0]))
    assert solve.found(np.array([0.0, 1.0]))
    assert not solve.found(np.array([1.0, 1.0]))
    solve.bounded(80.0)
    solve.bounded(90.0)

    assert [(step.objective, step.dual_bound) for step in steps] == [(60.0, None), (None, 80.0)]
