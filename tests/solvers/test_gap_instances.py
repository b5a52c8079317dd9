"""Published instances of the generalised assignment problem, proven by the default backend."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from coverplan.mip.program import Limits, Status
from coverplan.solvers.registry import backend
from support.programs import gap_program

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "gap"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER} is absent")


@pytest.mark.parametrize("name", ["a05100", "a20200", "c05100"])
def test_best_known_value_is_proven(name: str) -> None:
    """Instances that take about a second."""
    numbers = np.array((FOLDER / name).read_text().split(), dtype=float)
    reps, seats = int(numbers[0]), int(numbers[1])
    costs, hours = numbers[2 : 2 + 2 * reps * seats].reshape(2, reps, seats)
    with (FOLDER / "best_known.csv").open() as table:
        best = {row["instance"]: float(row["best_known"]) for row in csv.DictReader(table)}

    result = backend("highs").solve(
        gap_program(-costs, hours, numbers[2 + 2 * reps * seats :]), Limits(time_limit_s=60.0, relative_gap=0.0)
    )

    assert (result.status, result.objective) == (Status.OPTIMAL, -best[name])
