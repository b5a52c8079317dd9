"""Who beats whom, over problems in one or several currencies, worked out by hand."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.studies.deciding import Known, beats, in_sum, on_each

INF = np.inf
SURE, CHANCE = np.ones((2, 2), np.bool_), np.zeros((2, 2), np.bool_)
A_WINS = [[0, 1]]


def known(low: list[list[float]], high: list[list[float]] | None = None, **own: list[list[float]]) -> Known:
    """Without `high`, what is known of each problem is exact."""
    lows = np.array(low, np.float64)
    highs = lows if high is None else np.array(high, np.float64)
    least = np.array(own.get("least", np.full_like(lows, -INF)), np.float64)
    most = np.array(own.get("most", np.full_like(lows, INF)), np.float64)
    return Known(lows, highs, least, most)


def pairs(found: Bools | Floats) -> list[list[int]]:
    return np.argwhere(found).tolist()


def test_ahead_in_sum_decides_unless_it_may_be_chance() -> None:
    """a: 10 + 1, b: 2 + 3; in sum 11 > 5, but b is better on the second problem."""
    facts = known([[10, 1], [2, 3]])

    assert pairs(in_sum(facts)) == A_WINS
    assert pairs(on_each(facts)) == []
    assert pairs(beats(facts, [[0, 1]], [SURE])) == A_WINS
    assert pairs(beats(facts, [[0, 1]], [CHANCE])) == []


def test_better_on_each_problem_is_no_matter_of_chance() -> None:
    assert pairs(beats(known([[10, 4], [2, 3]]), [[0, 1]], [CHANCE])) == A_WINS


def test_amounts_of_different_currencies_are_never_added() -> None:
    """a is ahead by 100 in one currency, b by 2 in the other one; then a by 1 in both."""
    apart = known([[100, 1], [0, 3]])

    assert pairs(beats(apart, [[0, 1]], [SURE])) == A_WINS
    assert pairs(beats(apart, [[0], [1]], [SURE, SURE])) == []
    assert pairs(beats(known([[100, 4], [99, 3]]), [[0], [1]], [SURE, SURE])) == A_WINS


def test_each_currency_needs_more_than_chance() -> None:
    """Problems 0 and 1 in one currency: a is ahead by 10 and behind by 1. Problem 2 in another one: a is ahead."""
    facts = known([[10, 1, 5], [0, 2, 4]])

    assert pairs(beats(facts, [[0, 1], [2]], [SURE, SURE])) == A_WINS
    assert pairs(beats(facts, [[0, 1], [2]], [CHANCE, SURE])) == []


def test_who_has_no_plan_somewhere_loses_to_who_has_one_everywhere() -> None:
    """b is worth more where it has a plan; with a plan of neither on some problem, nobody wins."""
    one = known([[5, 5], [9, -INF]], [[5, 5], [9, -INF]])
    neither = known([[5, -INF], [9, -INF]], [[5, INF], [9, -INF]])

    assert pairs(beats(one, [[0, 1]], [CHANCE])) == A_WINS
    assert pairs(beats(one, [[0], [1]], [SURE, SURE])) == A_WINS
    assert pairs(beats(neither, [[0, 1]], [SURE])) == []


def test_own_objectives_tell_apart_what_hard_rules_cannot() -> None:
    """Both admit 10. What a's own objective takes is worth 8 to 9, what b's takes 5 to 7: then 5 to 8.5."""
    apart = known([[9], [6]], [[10], [10]], least=[[8], [5]], most=[[9], [7]])
    meeting = known([[9], [6]], [[10], [10]], least=[[8], [5]], most=[[9], [8.5]])

    assert pairs(beats(apart, [[0]], [SURE])) == A_WINS
    assert pairs(beats(apart, [[0]], [SURE], own=False)) == []
    assert pairs(beats(meeting, [[0]], [SURE])) == []


def test_one_unknown_end_keeps_the_sum_open() -> None:
    """b has no bound on the second problem."""
    facts = known([[10, 10], [1, 1]], [[10, 10], [1, INF]])

    assert pairs(beats(facts, [[0, 1]], [SURE])) == []
