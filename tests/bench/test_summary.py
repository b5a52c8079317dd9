"""References and paired ratios, by hand arithmetic."""

from typing import Any

import pytest
from benchmarks import phases, summary
from benchmarks.phases import Measure, Reference, gap_at, growth, primal
from benchmarks.rows import Row
from benchmarks.traces import Point


def row(contender: str, objective: float | None, bound: float | None, **given: Any) -> Row:
    """A row of one instance, 10 s long."""
    facts = {"instance": "book/a", "repetition": 0, "limit_s": 10.0, "relative_gap": 0.0, "status": "plan", **given}
    return Row(contender=contender, objective=objective, bound=bound, **facts)


def test_a_reference_is_the_best_plan_and_the_least_bound_of_anybody() -> None:
    """The plan of one, the bound of the other; what the literature knows counts as a plan."""
    rows = [row("coverplan", 90.0, 120.0), row("highs", 80.0, 100.0), row("scip", None, None)]

    assert summary.references(rows) == {"book/a": Reference(90.0, 100.0)}
    assert summary.references([row("scip", None, 100.0, best_known=95.0)]) == {"book/a": Reference(95.0, 100.0)}


def test_distance_to_the_best_bound_uses_everybodys_bound() -> None:
    """(100 - 80) / 80, though the row's own bound is 120: (120 - 80) / 80 = 0.5."""
    mine = row("coverplan", 80.0, 120.0)

    assert primal.of(mine, Reference(90.0, 100.0)) == pytest.approx(0.25)
    assert gap_at.final(mine, Reference(90.0, 100.0)) == pytest.approx(0.5)


def test_ratios_are_paired_by_instance_and_repetition() -> None:
    """Run 0: 8 over 2 is 4; run 1: 3 over 3 is 1; the geometric mean is 2. In run 2 the peer has nothing: worse."""
    seconds = Measure("seconds", lambda row, _: row.seconds, phases.seconds, shift=0.0)
    ours, theirs = [2.0, 3.0, 5.0], [8.0, 3.0, None]
    rows = [row("coverplan", 1.0, 1.0, repetition=k, seconds=s) for k, s in enumerate(ours)]
    rows += [row("highs", 1.0, 1.0, repetition=k, seconds=s) for k, s in enumerate(theirs)]
    rows += [row("highs", 1.0, 1.0, repetition=7, seconds=1.0)]  # no partner

    (found,) = summary.ratios(rows, seconds)

    assert (found.peer, found.runs, found.worse, found.better) == ("highs", 3, 2, 0)
    assert found.ratio == pytest.approx(2.0)


def test_ratios_are_shifted() -> None:
    """(0.003 + 0.001) over (0 + 0.001)."""
    measure = Measure("gap", lambda row, _: row.gap, phases.share, shift=1e-3)
    rows = [row("coverplan", 1000.0, 1000.0), row("highs", 1000.0, 1003.0)]

    assert summary.ratios(rows, measure)[0].ratio == pytest.approx(4.0)


def test_who_cannot_say_the_instance_is_not_compared() -> None:
    """A model without words for an instance lost no race."""
    rows = [row("coverplan", 1.0, 1.0), row("b2b_territory_optimization", None, None, status="not expressible")]

    assert summary.ratios(rows, primal.MEASURE) == []


@pytest.mark.parametrize(
    ("t", "seconds", "expected"),
    [
        (1.0, 10.0, 0.5),  # (120 - 80) / 80
        (60.0, 10.0, None),  # nobody knows what it would have reached
        (60.0, 4.0, 0.25),  # it ended by itself: (100 - 80) / 80
    ],
)
def test_beyond_the_limit_only_who_ended_has_a_gap(t: float, seconds: float, expected: float | None) -> None:
    """The limit is 10 s."""
    trace = (Point(0.5, 80.0, 120.0), Point(3.0, 80.0, 100.0))

    found = gap_at.of(row("highs", 80.0, 100.0, seconds=seconds, trace=trace), Reference(None, None), t)

    assert found == (None if expected is None else pytest.approx(expected))


def test_growth_takes_the_median_of_each_size_and_plain_books_only() -> None:
    """Sizes 10 and 20; of 1, 2 and 9 s the median is 2."""
    rows = [row("coverplan", 1.0, 1.0, repetition=k, pairs=10, seconds=s) for k, s in enumerate([9.0, 1.0, 2.0])]
    rows += [row("coverplan", 1.0, 1.0, pairs=20, seconds=30.0)]
    rows += [row("coverplan", 1.0, 1.0, pairs=20, seconds=99.0, instance="book/a-tight")]
    rows += [row("coverplan", 1.0, 1.0, pairs=5, seconds=99.0, instance="gap/a05100")]

    assert growth.curves(rows, lambda row: row.seconds) == {"coverplan": [(10, 2.0), (20, 30.0)]}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (1e-12, "0"),
        (4e-8, "< 0.0001 %"),
        (0.000123, "0.0123 %"),
        (0.00012301, "0.0124 %"),
        (0.0123, "1.23 %"),
        (2.5, "250.00 %"),
    ],
)
def test_shares_read_as_per_cent(number: float, text: str) -> None:
    """Four digits where two would say nothing; never less than the share."""
    assert phases.share(number) == text
