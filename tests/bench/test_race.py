"""Contenders end to end: processes of their own, limits, crashes, and the judge."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import judge, measure, recorder
from benchmarks.arrays import Arrays
from benchmarks.contender import NotExpressibleError
from benchmarks.instances import books
from benchmarks.measure import Turn
from benchmarks.peers import b2b_territory_optimization, highs_native, waterfall
from benchmarks.race import Raced, race
from benchmarks.registry import Instance
from benchmarks.rows import Results, Row
from benchmarks.trial import Trial

from coverplan.tables.generate import Shape
from support.processes import is_gone
from support.service import wait_for

SNAIL = """
import sys, time, subprocess
from pathlib import Path
from benchmarks.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(Path(sys.argv[1]) / "child").write_text(str(child.pid))
recorder.start()
recorder.point(5.0)
time.sleep(600)
"""
HOG = """
import sys
from pathlib import Path
from benchmarks.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]))
recorder.start()
block = bytearray(200_000_000)
recorder.point(5.0)
del block
raise SystemExit(3)
"""


def in_python(code: str, out: Path, seconds: float) -> Raced:
    """Race a few lines of Python."""
    return race([sys.executable, "-c", code, str(out)], out, seconds)


def tiny(rules: books.Rules = books.CARVE) -> Instance:
    """A book of 40 accounts."""
    return Instance(
        name="book/tiny",
        problem=lambda cache: books.make(Shape(40, 6, 3, seed=1), cache),
        policy={"constraints": rules},
        time_limit_s=5.0,
    )


def test_a_contender_beyond_its_grace_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it reached stays on disk; nothing of it lives on."""
    monkeypatch.setattr("benchmarks.race.grace", lambda _: 0.5)

    raced = in_python(SNAIL, tmp_path, seconds=0.5)

    child = int((tmp_path / "child").read_text())
    assert raced.code is None
    assert [event["event"] for event in recorder.read(tmp_path)] == ["start", "point"]
    assert wait_for(lambda: is_gone(child))


def test_a_crash_is_seen_and_costs_nothing_else(tmp_path: Path) -> None:
    """The exit code is kept, and what was recorded before."""
    raced = in_python(HOG, tmp_path, seconds=5.0)

    assert raced.code == 3
    assert recorder.read(tmp_path)[-1]["objective"] == 5.0


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    """A kill in the middle of a line."""
    lines = recorder.Recorder(tmp_path)
    lines.point(1.0, np.array([0, -1]))
    lines.point(0.5)
    with (tmp_path / recorder.TRACE).open("a") as stream:
        stream.write('{"event": "po')

    assert [event["objective"] for event in recorder.read(tmp_path)] == [1.0]
    assert np.load(tmp_path / recorder.CHOICE).tolist() == [0, -1]


def test_two_contenders_on_a_tiny_book(tmp_path: Path) -> None:
    """Coverplan and HiGHS agree within the gap, one is verified, both are recounted, and nothing is measured twice."""
    instance = tiny()
    plan = [Turn(instance, name, 0, 5.0) for name in ("coverplan", "highs")]
    results = Results()

    ours, theirs = (row for row in measure.measure(plan, results, tmp_path, 300.0) if isinstance(row, Row))

    assert ours.verified is True
    assert ours.gap is not None
    assert theirs.gap is not None
    assert ours.objective == pytest.approx(theirs.objective, rel=max(1e-6, ours.gap, theirs.gap))
    assert min(ours.peak_memory_mb or 0.0, theirs.peak_memory_mb or 0.0) > 20
    assert (ours.accounts, ours.reps) == (40, 6)
    assert ours.trace[-1].objective == ours.objective
    assert list(measure.measure(plan, Results.read(tmp_path / "results.json"), tmp_path, 300.0)) == []


def test_what_does_not_fit_the_budget_is_named(tmp_path: Path) -> None:
    """Ten seconds are not left for a turn of 60."""
    news = list(measure.measure([Turn(tiny(), "highs", 0, 60.0)], Results(), tmp_path, 10.0))

    assert news == ["book/tiny: highs no longer fits the budget"]


def test_a_peer_that_cannot_be_installed_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row says so, with the installer's words, and the next contender runs."""
    monkeypatch.setattr(highs_native, "REQUIREMENTS", ("./no-such-folder",))

    (row,) = measure.measure([Turn(tiny(), "highs_native", 0, 5.0)], Results(), tmp_path, 300.0)

    assert isinstance(row, Row)
    assert row.status == "not available"
    assert "no-such-folder" in row.notes[0]


def test_contenders_take_turns_and_another_begins_in_each_repetition() -> None:
    """Everybody on one instance, before anybody on the next."""
    plan = list(measure.turns("quick", ["book/85x35"], ["coverplan", "highs", "scip"], 2, 3.0))

    order = [turn.contender for turn in plan]
    assert order == ["coverplan", "highs", "scip", "highs", "scip", "coverplan"]
    assert {turn.seconds for turn in plan} == {3.0}


def test_the_recount_names_what_a_choice_breaks(tmp_path: Path) -> None:
    """Everybody left out: each account must be covered."""
    instance = tiny([{"kind": "capacity"}, {"kind": "must_cover"}])
    formulation = judge.formulation_of(instance.problem(tmp_path), instance.policy)

    worth, broken = judge.recount(formulation, np.full(formulation.pairs.n_units, -1, np.int64))

    assert worth is None
    assert "40 accounts that must be covered are not" in broken


def arrays(hours: list[float], unit_start: list[int], rep: list[int], capacity: list[float]) -> Arrays:
    """Units with pair columns of equal value, the first pair of each unit worth most."""
    n_columns, n_units = len(rep), len(unit_start) - 1
    worth = np.zeros(n_columns + n_units)
    worth[np.array(unit_start[:-1])] = 1.0
    whole = np.ones(n_columns + n_units)
    return Arrays(
        objective=worth,
        offset=np.asarray(0.0),
        indptr=np.zeros(1, np.int64),
        indices=np.empty(0, np.int64),
        data=np.empty(0),
        row_lower=np.empty(0),
        row_upper=np.empty(0),
        lower=0 * whole,
        upper=whole,
        integer=whole > 0,
        unit_start=np.array(unit_start),
        rep=np.array(rep),
        hours=np.array(hours),
        current=np.zeros(n_columns, np.bool_),
        opened=np.ones(n_columns, np.bool_),
        may_idle=np.ones(n_units, np.bool_),
        revenue=np.arange(n_units, 0, -1.0),
        capacity=np.array(capacity),
    )


def test_the_waterfall_fills_the_best_rep_first() -> None:
    """Three accounts of 4 hours prefer rep 0, who has 8: the third, of least revenue, goes to rep 1, who has 4."""
    model = arrays([4.0] * 6, [0, 2, 4, 6], [0, 1, 0, 1, 0, 1], [8.0, 4.0])

    assert model.rep[waterfall.choose(model)].tolist() == [0, 0, 1]


def test_arrays_survive_the_file(tmp_path: Path) -> None:
    """Also the mark that a rep has no limit."""
    model = arrays([1.0, 2.0], [0, 1, 2], [0, 0], [float("nan")])

    model.write(tmp_path / "arrays.npz")
    again = Arrays.read(tmp_path / "arrays.npz")

    assert again.hours.tolist() == [1.0, 2.0]
    assert np.isnan(again.capacity).all()
    assert again.choice(np.array([1.0, 0.0, 0.0, 1.0])).tolist() == [0, -1]


def test_pools_are_expressible_only_where_they_are_disjoint_and_alike() -> None:
    """Accounts 0 and 1 with reps 0 and 1, account 2 with rep 2: two buckets. A bridge between them leaves none."""
    disjoint = arrays([1.0] * 5, [0, 2, 4, 5], [0, 1, 0, 1, 2], [9.0] * 3)
    bridged = arrays([1.0] * 5, [0, 2, 3, 5], [0, 1, 1, 1, 2], [9.0] * 3)
    unlike = arrays([1.0, 2.0], [0, 2], [0, 1], [9.0] * 2)

    found = [(units.tolist(), reps.tolist()) for units, reps in b2b_territory_optimization.pools(disjoint)]

    assert found == [([0, 1], [0, 1]), ([2], [2])]
    with pytest.raises(NotExpressibleError, match="56%"):  # 5 of 3 x 3 pairs
        b2b_territory_optimization.pools(bridged)
    with pytest.raises(NotExpressibleError, match="hours differ"):
        b2b_territory_optimization.pools(unlike)


def test_the_instance_file_says_where_things_are(tmp_path: Path) -> None:
    """A contender reads no more than this."""
    trial = Trial(tiny(), tmp_path)

    problem = trial.problem
    about = json.loads((trial.folder / "instance.json").read_text())

    assert Path(about["problem"]) == problem.resolve()
    assert about["policy"]["constraints"] == books.CARVE
