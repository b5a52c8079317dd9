"""Model files hold the same program: CBC reads them back and finds the same optimum."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pulp import PULP_CBC_CMD

from coverplan.mip.program import Program
from coverplan.solvers.export import export
from coverplan.solvers.pulp_model import legal_names
from support.programs import best_gap_value, program, random_gap


def optimum(file: Path, *options: str) -> float:
    """Solve the file with CBC; the value it prints."""
    out = file.with_suffix(".txt")
    command = [PULP_CBC_CMD.pulp_cbc_path, str(file), *options, "-ratio", "0", "-solve", "-solution", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return float(out.read_text().splitlines()[0].split()[-1])


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
def test_files_hold_the_program(tmp_path: Path, suffix: str) -> None:
    """Three reps, six seats and a constant: the optimum of all 729 assignments."""
    given = replace(random_gap(reps=3, seats=6, seed=1), offset=250.0)
    file = tmp_path / f"model{suffix}"

    export(given, file, [f"x[a {i}]" for i in range(18)], [f"rep:{i}" for i in range(9)])

    best = best_gap_value(given, reps=3, seats=6)
    assert best is not None
    # CBC minimises what it reads: MPS files hold the negated objective, LP files say that they maximise.
    assert optimum(file) == pytest.approx(best if suffix == ".lp" else -best)


def test_names_are_the_given_ones(tmp_path: Path) -> None:
    """Readable in the file, with what the format forbids replaced; two-sided rows become two."""
    given: Program = program([1, 2], [[1, 1], [1, 0]], [1, -np.inf], [2, 1], [1, 1], [True, True])
    file = tmp_path / "model.lp"

    export(given, file, ["ana->acme", "bo"], ["balance rep:ana", "capacity"])

    text = file.read_text()
    for name in ("ana__acme", "bo", "balance_rep_ana_min", "balance_rep_ana_max", "capacity"):
        assert name in text


def test_names_stay_apart() -> None:
    """Names that differ only in forbidden characters do not become one; none starts like a number."""
    names = legal_names(["a-b", "a b", "a_b", "", "1e5", "e5", "constant"], reserved=["constant"])

    assert len(set(names)) == 7
    assert names[:3] == ["a_b", "a_b_2", "a_b_3"]
    assert names[3:6] == ["n_", "n_1e5", "n_e5"]
    assert names[6] == "constant_2"


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    """Rather than guessed."""
    with pytest.raises(ValueError, match=r"\.lp or \.mps"):
        export(program([1], [[1]], [0], [1], [1], [True]), tmp_path / "model.txt", ["x"], ["r"])
