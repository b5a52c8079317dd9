"""What every backend promises, on programs whose answers were worked out by hand or by trying every point."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coverplan.mip.feasibility import is_feasible
from coverplan.mip.program import Limits, Program, Result, Status, Step, StoppedBy
from coverplan.solvers.base import Backend
from coverplan.solvers.registry import BACKENDS, backend
from support.programs import best_gap_value, gap_program, objective_of, program, random_gap

EXACT = Limits(time_limit_s=30.0, relative_gap=0.0)


@pytest.fixture(params=sorted(BACKENDS), name="solver")
def _solver(request: pytest.FixtureRequest) -> Backend:
    return backend(request.param)


def two_reps() -> Program:
    """Ana earns 8, 6, 7 for 4, 3, 5 hours, Bo 5, 5, 4 for 2, 2, 2; both have 7 hours.

    Ana takes 0 and 1 (4 + 3 = 7 hours), Bo takes 2 (2 hours): 8 + 6 + 4 = 18.
    """
    return gap_program([[8, 6, 7], [5, 5, 4]], [[4, 3, 5], [2, 2, 2]], [7, 7])


def hard() -> Program:
    """Too hard for a few seconds, easy to satisfy badly."""
    return random_gap(reps=10, seats=120, seed=7, tightness=0.8)


def hopeless() -> Program:
    """Equality knapsacks of many digits (Cornuejols and Dawande): a point is hard to find, and so is a proof."""
    weights = np.random.default_rng(3).integers(0, 100, (5, 40)).astype(float)
    sums = np.floor(weights.sum(axis=1) / 2)
    return program(np.zeros(40), weights, sums, sums, np.ones(40), np.ones(40))


def assert_sound(given: Program, result: Result) -> None:
    """The point is feasible, worth what is said, and no more than the bound."""
    assert result.x is not None
    assert result.objective is not None
    assert is_feasible(given, result.x)
    assert_array_equal(result.x[given.integer], np.rint(result.x[given.integer]))
    assert_allclose(result.objective, objective_of(given, result.x), rtol=1e-12)
    assert result.dual_bound >= result.objective


def test_optimal(solver: Backend) -> None:
    """The optimum is 18, with its proof."""
    result = solver.solve(two_reps(), EXACT)

    assert (result.status, result.stopped_by, result.objective) == (Status.OPTIMAL, StoppedBy.PROOF, 18.0)
    assert_allclose(result.dual_bound, 18.0, atol=1e-6)
    assert result.x is not None
    assert_array_equal(result.x, [1, 1, 0, 0, 0, 1])
    assert result.reproducible


def test_every_assignment_agrees(solver: Backend) -> None:
    """Six seats, three reps, tight: the same optimum as trying all 729 assignments."""
    given = replace(random_gap(reps=3, seats=6, seed=1), offset=1000.0)

    result = solver.solve(given, EXACT)

    assert_sound(given, result)
    assert result.status is Status.OPTIMAL
    assert result.objective == best_gap_value(given, reps=3, seats=6)


def test_infeasible(solver: Backend) -> None:
    """Three seats of 4 hours do not fit into 7 + 3 hours, though their sum of 10 is not far from 12."""
    given = gap_program(np.ones((2, 3)), np.full((2, 3), 4.0), [7.0, 3.0])

    result = solver.solve(given, EXACT)

    assert (result.status, result.stopped_by, result.x) == (Status.INFEASIBLE, StoppedBy.PROOF, None)
    assert result.objective is None


def test_infeasible_only_in_whole_numbers(solver: Backend) -> None:
    """2a + 2b = 3 has fractional answers only."""
    result = solver.solve(program([1, 1], [[2, 2]], [3], [3], [1, 1], [True, True]), EXACT)

    assert result.status is Status.INFEASIBLE


def test_limit_with_incumbent(solver: Backend) -> None:
    """A point, a bound above it, and the limit kept."""
    began = time.monotonic()

    result = solver.solve(hard(), Limits(time_limit_s=2.0, relative_gap=0.0))

    assert time.monotonic() - began < 2.0 + 5.0
    assert (result.status, result.stopped_by) == (Status.FEASIBLE, StoppedBy.TIME_LIMIT)
    assert not result.reproducible
    assert_sound(hard(), result)
    assert np.isfinite(result.dual_bound)


def test_limit_without_incumbent(solver: Backend) -> None:
    """Nothing found is not infeasible."""
    result = solver.solve(hopeless(), Limits(time_limit_s=0.5))

    assert (result.status, result.stopped_by) == (Status.NO_SOLUTION, StoppedBy.TIME_LIMIT)
    assert result.x is None
    assert result.objective is None
    assert not result.reproducible


def test_a_start_is_never_lost(solver: Backend) -> None:
    """With no time at all, the answer is the start: Bo takes all three, 5 + 5 + 4 = 14 in 6 hours."""
    start = np.array([0.0, 0, 0, 1, 1, 1])
    steps: list[Step] = []

    result = solver.solve(two_reps(), Limits(time_limit_s=0.0, relative_gap=0.0), start, steps.append)

    assert_sound(two_reps(), result)
    assert result.objective is not None
    assert result.objective >= 14.0
    assert steps[0].objective == 14.0


def test_a_start_helps_where_nothing_is_found(solver: Backend) -> None:
    """The hopeless program with a planted point returns that point."""
    weights = np.random.default_rng(3).integers(0, 100, (5, 40)).astype(float)
    planted = np.random.default_rng(4).integers(0, 2, 40).astype(float)
    sums = weights @ planted
    given = program(np.zeros(40), weights, sums, sums, np.ones(40), np.ones(40))

    result = solver.solve(given, Limits(time_limit_s=0.5), planted)

    assert result.x is not None
    assert is_feasible(given, result.x)
    assert result.objective == 0.0


def test_an_infeasible_start_is_said_so(solver: Backend) -> None:
    """Ana cannot take all three in 7 hours; the optimum is found all the same."""
    result = solver.solve(two_reps(), EXACT, np.array([1.0, 1, 1, 0, 0, 0]))

    assert result.objective == 18.0
    assert any("start" in note for note in result.notes)


def test_streaming(solver: Backend) -> None:
    """What the capabilities declare reaches the listener, in order, and agrees with the answer."""
    given = random_gap(reps=5, seats=40, seed=7, tightness=0.8)
    steps: list[Step] = []

    result = solver.solve(given, Limits(time_limit_s=10.0, relative_gap=0.0), None, steps.append)

    points = [step for step in steps if step.x is not None]
    bounds = [step.dual_bound for step in steps if step.dual_bound is not None]
    values = [step.objective for step in points if step.objective is not None]
    assert values == sorted(values)
    assert bounds == sorted(bounds, reverse=True)
    assert len(points) > solver.capabilities.streams_points
    assert len(bounds) > (solver.capabilities.streams_bounds and solver.name != "cbc")
    assert all(is_feasible(given, step.x) for step in points if step.x is not None)
    assert values[-1] == result.objective
    assert max(bounds[-1], values[-1]) == result.dual_bound


def test_no_bound_is_below_the_optimum_of_18_when_a_start_is_given(solver: Backend) -> None:
    """A start of 14 is heard of before any bound is known."""
    steps: list[Step] = []

    solver.solve(two_reps(), EXACT, np.array([0.0, 0, 0, 1, 1, 1]), steps.append)

    assert min(step.dual_bound for step in steps if step.dual_bound is not None) >= 18.0 - 1e-6


def test_no_bound_is_below_a_small_optimum_beside_large_money(solver: Backend) -> None:
    """The account of 3 millions takes an hour where half an hour is left: a third is all that can be earned."""
    steps: list[Step] = []
    given = program([1 / 3, 3e6], [[0, 1]], [-np.inf], [0.5], [1, 1], [True, True])

    result = solver.solve(given, EXACT, None, steps.append)

    assert result.objective == 1 / 3
    assert min(step.dual_bound for step in steps if step.dual_bound is not None) >= 1 / 3 - 1e-9


def test_the_last_thousandth_counts(solver: Backend) -> None:
    """With both tolerances 0 the best of nearly equal answers is found: 100,003 against 100,001 and 100,000."""
    given = program([100_000, 100_001, 100_003], [[1, 1, 1]], [0], [1], np.ones(3), np.ones(3))

    result = solver.solve(given, EXACT)

    assert (result.status, result.objective) == (Status.OPTIMAL, 100_003.0)


def test_a_default_relative_gap_would_stop_too_early(solver: Backend) -> None:
    """Values around 1e5 that differ by units, as GAP e20400 does: stopping within 1e-4 would lose up to 30."""
    worth = 100_000 + np.random.default_rng(5).integers(0, 9, (3, 6))
    hours = np.random.default_rng(6).integers(3, 9, (3, 6))
    given = gap_program(worth, hours, [12, 12, 12])

    result = solver.solve(given, EXACT)

    assert result.status is Status.OPTIMAL
    assert result.objective == best_gap_value(given, reps=3, seats=6)


@pytest.mark.parametrize("limits", [Limits(relative_gap=0.05), Limits(relative_gap=0.0, absolute_gap=500.0)])
def test_tolerances_are_kept(solver: Backend, limits: Limits) -> None:
    """The search may stop early, within what was asked."""
    given = random_gap(reps=4, seats=24, seed=2)

    result = solver.solve(given, limits)

    assert_sound(given, result)
    assert result.stopped_by in (StoppedBy.GAP, StoppedBy.PROOF)
    assert result.objective is not None
    difference = result.dual_bound - result.objective
    assert difference <= max(limits.relative_gap * abs(result.objective), limits.absolute_gap, 1e-6) + 1e-6


def test_deterministic(solver: Backend) -> None:
    """The same work limit and seed give the same answer, which the work limit ended."""
    work = 0.5 if solver.name == "cp_sat" else 2.0
    given = random_gap(reps=6, seats=50, seed=7, tightness=0.8)
    limits = Limits(time_limit_s=60.0, relative_gap=0.0, seed=11, deterministic=True, work_limit=work)

    first, second = solver.solve(given, limits), solver.solve(given, limits)

    assert first.stopped_by is StoppedBy.WORK_LIMIT
    assert first.reproducible
    assert first.x is not None
    assert second.x is not None
    assert_array_equal(first.x, second.x)
    assert (first.objective, first.dual_bound) == (second.objective, second.dual_bound)


def test_soft_rows(solver: Backend) -> None:
    """One account of 2.5 hours worth 10 and one of 1.75 hours worth 3; beyond 3 hours each hour costs 4.

    Both: 13 - 4 * 1.25 = 8. Only the first: 10. So the second stays out.
    At 1 an hour both: 13 - 1.25 = 11.75.
    """
    for price, value, slack in ((4.0, 10.0, 0.0), (1.0, 11.75, 1.25)):
        given = program([10, 3, -price], [[2.5, 1.75, -1]], [-np.inf], [3], [1, 1, np.inf], [True, True, False])

        result = solver.solve(given, EXACT)

        assert_sound(given, result)
        assert result.status is Status.OPTIMAL
        assert result.x is not None
        assert result.objective == pytest.approx(value, abs=1e-6)
        assert result.x[2] == pytest.approx(slack, abs=1e-6)


def test_a_soft_target_that_nobody_can_serve(solver: Backend) -> None:
    """A book that nothing can enter, 8.5e7 short of its band at 0.2, beside journeys of 2e11."""
    given = program([-2e11, -0.2, -0.2], [[0, -1, 1]], [8.5e7], [1.15e8], [1, np.inf, np.inf], [True, False, False])

    result = solver.solve(given, EXACT)

    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(-1.7e7)
    assert result.dual_bound == pytest.approx(-1.7e7)


def test_soft_targets_of_many_digits(solver: Backend) -> None:
    """Revenue within 15 % of a target, both sides soft at 0.2, with coefficients that no power of ten makes whole.

    Each of 8 accounts goes to one of two reps; the optimum comes from trying all 256 splits.
    """
    revenue = np.random.default_rng(8).random(8) * 1e5
    fit = np.random.default_rng(9).random((2, 8)) + 0.5
    target = revenue.sum() / 2
    seats, none = np.eye(8), np.zeros((8, 4))
    rows = np.vstack(
        [
            np.hstack([seats, seats, none]),
            np.concatenate([revenue, np.zeros(8), [-1, 1, 0, 0]]),
            np.concatenate([np.zeros(8), revenue, [0, 0, -1, 1]]),
        ]
    )
    objective = np.concatenate([(fit * revenue).ravel(), np.full(4, -0.2)])
    lower = np.concatenate([np.ones(8), [0.85 * target] * 2])
    upper = np.concatenate([np.ones(8), [1.15 * target] * 2])
    given = program(objective, rows, lower, upper, [1] * 16 + [np.inf] * 4, [True] * 16 + [False] * 4)
    best = -np.inf
    for split in range(256):
        second = np.array([split >> seat & 1 for seat in range(8)])
        books = np.array([revenue @ (1 - second), revenue @ second])
        off = np.maximum(books - 1.15 * target, 0) + np.maximum(0.85 * target - books, 0)
        best = max(best, float(np.where(second, fit[1], fit[0]) @ revenue - 0.2 * off.sum()))

    result = solver.solve(given, EXACT)

    assert_sound(given, result)
    assert result.objective == pytest.approx(best, rel=1e-8)
    assert result.dual_bound >= best - 1e-6 * abs(best)


def test_equality_rows(solver: Backend) -> None:
    """Exactly 2 of 4 accounts, worth 1, 2, 3, 4, with 0.1 + 0.2 = 0.3 hours: that is the first two, worth 3."""
    given = program([1, 2, 3, 4], [[1, 1, 1, 1], [0.1, 0.2, 0.4, 0.8]], [2, 0.3], [2, 0.3], np.ones(4), np.ones(4))

    result = solver.solve(given, EXACT)

    assert (result.status, result.objective) == (Status.OPTIMAL, 3.0)


def test_empty_program(solver: Backend) -> None:
    """No column: worth its constant, if its rows allow 0."""
    free = program([], np.zeros((1, 0)), [-1], [1], [], [], offset=5.0)
    bound = program([], np.zeros((1, 0)), [1], [2], [], [])

    assert solver.solve(free, EXACT).objective == 5.0
    assert solver.solve(free, EXACT).status is Status.OPTIMAL
    assert solver.solve(bound, EXACT).status is Status.INFEASIBLE


def test_no_rows(solver: Backend) -> None:
    """Take what earns, leave what costs: 3 + 0 - and the constant 1."""
    result = solver.solve(program([3, -2], np.zeros((0, 2)), [], [], [1, 1], [True, True], offset=1.0), EXACT)

    assert (result.status, result.objective) == (Status.OPTIMAL, 4.0)


def test_a_row_without_entries(solver: Backend) -> None:
    """A row that asks for 1 of nothing has no answer; one that allows 0 asks nothing."""
    impossible = program([1], [[0.0]], [1], [np.inf], [1], [True])
    idle = program([1], [[0.0]], [-np.inf], [1], [1], [True])

    assert solver.solve(impossible, EXACT).status is Status.INFEASIBLE
    assert solver.solve(idle, EXACT).objective == 1.0


def test_crossed_bounds(solver: Backend) -> None:
    """A floor above its ceiling, and no whole number between 0.2 and 0.8."""
    crossed = program([1], [[1]], [2], [1], [3], [True])
    between = replace(program([1], [[1]], [0], [1], [0.8], [True]), lower=np.array([0.2]))

    assert solver.solve(crossed, EXACT).status is Status.INFEASIBLE
    assert solver.solve(between, EXACT).status is Status.INFEASIBLE


def test_huge_and_tiny_numbers(solver: Backend) -> None:
    """A budget row in 1e9 money beside a row in thousandths of hours.

    Accounts worth 4, 3 and 2 billion; at most 6.5 billion in the book; 0.002, 0.003 and 0.001 hours, at most 0.004.
    4 + 3 breaks the money, 3 + 2 keeps both (0.004 hours) but 4 + 2 = 6 billion in 0.003 hours is more.
    """
    money = np.array([4e9, 3e9, 2e9])
    given = program(money, [money, [0.002, 0.003, 0.001]], [-np.inf, -np.inf], [6.5e9, 0.004], np.ones(3), np.ones(3))

    result = solver.solve(given, EXACT)

    assert (result.status, result.objective) == (Status.OPTIMAL, 6e9)
    assert result.x is not None
    assert_array_equal(result.x, [1, 0, 1])


def test_a_bare_breach_is_a_breach(solver: Backend) -> None:
    """Two accounts of 5.00001 hours do not fit into 10 hours, though solvers' default tolerances would let them."""
    given = program([1, 1], [[5.00001, 5.00001]], [-np.inf], [10], [1, 1], [True, True])

    assert solver.solve(given, EXACT).objective == 1.0


def test_general_integers(solver: Backend) -> None:
    """At most 7 of a kind that earns 2 for 3 hours, within 20 hours: 6 (18 hours), worth 12."""
    result = solver.solve(program([2], [[3]], [-np.inf], [20], [7], [True]), EXACT)

    assert (result.status, result.objective) == (Status.OPTIMAL, 12.0)
