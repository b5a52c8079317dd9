"""Figures of the service around the solver, and the variants of the ablation."""

import asyncio
from pathlib import Path

import pytest
from benchmarks import ablation, figures, limits
from benchmarks.figures import Figure
from benchmarks.instances import books
from benchmarks.limits import Timing, overshoots
from benchmarks.registry import Instance

from coverplan.runs.standing_run import Parts
from coverplan.tables.generate import Shape


def test_overshoot_is_what_passes_between_limit_and_answer() -> None:
    """Loaded at 2, answered at 9.5, limit 7: 0.5 beyond, 0.2 of it decoding. Who ended by itself does not count."""
    decoded = {"metrics": {"seconds": {"decode": 0.2}}}
    late = Timing(loaded=2.0, answered=9.5, plan={"stopped_by": "time_limit", **decoded})
    early = Timing(loaded=2.0, answered=3.0, plan={"stopped_by": "proof", **decoded})
    lost = Timing(loaded=0.0, answered=7.25, plan=None)

    found = list(overshoots([late, early, lost], 7.0))

    assert found == [(pytest.approx(0.5), pytest.approx(0.3)), (0.25, 0.25)]


def test_a_figure_holds_quantiles_and_replaces_its_older_self(tmp_path: Path) -> None:
    """Of 0..100 ms the median is 50 ms and p99 is 99 ms."""
    figures.put(tmp_path, [Figure.of("a call", "small", [9.0]), Figure.of("another", "small", [1.0])])
    figures.put(tmp_path, [Figure.of("a call", "small", [k / 1000 for k in range(101)])])

    first, second = figures.read(tmp_path)

    assert (first.count, second.what) == (101, "another")
    assert (first.median, first.p99, first.worst) == pytest.approx((0.05, 0.099, 0.1))
    assert "| a call | small | 101 | 50.0 ms | 99.0 ms | 100.0 ms |" in figures.table(figures.read(tmp_path))


def test_limits_are_measured_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A book of 200 accounts: a limit holds within seconds, and a cancelled solve is gone."""
    monkeypatch.setitem(limits.LIMITS_S, "200x10x6", 0.5)

    found = asyncio.run(limits.measure("200x10x6", 1, tmp_path))

    by_name = {figure.what: figure for figure in found}
    assert {words for words in by_name if words in limits.STOP_WORDS.values()} == set(limits.STOP_WORDS.values())
    assert all(0 <= figure.worst < 10 for figure in found)


@pytest.mark.parametrize("variant", ablation.VARIANTS)
def test_each_variant_switches_at_most_one_part_off(variant: str) -> None:
    """The names are those of the engine."""
    parts = Parts(**ablation.VARIANTS[variant])

    assert [parts.smoothing, parts.gap_direction, parts.fixing].count(False) == (variant != "all parts")


def small() -> Instance:
    """A book of 60 accounts."""
    return Instance(
        name="book/small",
        problem=lambda cache: books.make(Shape(60, 8, 4, seed=1), cache),
        policy={"constraints": books.CARVE},
        time_limit_s=4.0,
        relative_gap=0.01,
    )


def test_a_variant_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    """A small book without smoothing: it ends within its limit, with a bound above its plan."""
    row = ablation.switched(small(), "bound without smoothing", 0, 1.5, tmp_path)

    assert row is not None
    assert row.certificate_bound is not None
    assert row.objective is None or row.objective <= row.certificate_bound
    assert row.bound_seconds is not None
