"""Reading HiGHS while it runs: its log, and a file that it is still writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coverplan.mip.program import Limits, Program, Step
from coverplan.mip.scaling import scale
from coverplan.solvers.highs import Progress
from coverplan.solvers.search import Search
from support.programs import program


@pytest.fixture(name="given")
def _given() -> Program:
    """Two accounts worth 3 and 5: at most both. The scale is 1024 / 8 = 128."""
    return program([3, 5], [[1, 1]], [-np.inf], [2], [1, 1], [True, True])


def follow(given: Program, file: Path) -> tuple[Progress, list[Step]]:
    """A reader of `file`, and the steps that it reports."""
    steps: list[Step] = []
    return Progress(Search(given, Limits(), None, steps.append), scale(given), file), steps


def test_a_torn_block_waits_for_its_rest(given: Program, tmp_path: Path) -> None:
    """The second solution is reported once all of it is there, and only once."""
    file = tmp_path / "improving.sol"
    progress, steps = follow(given, file)
    progress.read_points()

    file.write_text("Objective 384\n# Columns 2\n 1\n 0\nObjective 640\n# Columns 2\n 0.99999")
    progress.read_points()
    assert [step.objective for step in steps] == [3.0]

    file.write_text("Objective 384\n# Columns 2\n 1\n 0\nObjective 640\n# Columns 2\n 0.9999999\n 1\n")
    progress.read_points()
    progress.read_points()
    assert [step.objective for step in steps] == [3.0, 8.0]
    assert steps[1].x is not None
    assert_array_equal(steps[1].x, [1, 1])


TAIL = "0.02%     3923     80   1690     29151     4.0s"


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        (f" R       0       0         0   0.00%   1024            384                {TAIL}", 8.0),
        (f"        82       6        35  65.93%   1152.5          384                {TAIL}", 1152.5 / 128),
        (f" J       0       0         0   0.00%   inf             384                {TAIL}", None),
        ("   Primal bound      1024", None),
        ("Src  Proc. InQueue |  Leaves   Expl. | BestBound       BestSol              Gap |   Cuts   InLp", None),
    ],
)
def test_bounds_are_read_from_the_log(given: Program, tmp_path: Path, line: str, bound: float | None) -> None:
    """In the units of the program, and never below what the printed digits allow."""
    progress, steps = follow(given, tmp_path / "none.sol")

    progress.hear([line])

    if bound is None:
        assert steps == []
    else:
        assert steps[0].dual_bound == pytest.approx(bound, rel=1e-9)
        assert steps[0].dual_bound is not None
        assert steps[0].dual_bound >= bound
