"""Programs as LP and MPS files, written by PuLP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coverplan.mip.program import Program
from coverplan.solvers.pulp_model import pulp_problem

FORMATS = (".lp", ".mps")


def export(program: Program, path: Path, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Write the program to `path` as its suffix says, with these column and row names.

    LP files maximise. MPS files minimise the negated objective, because readers disagree on how MPS says otherwise.
    Numbers have twelve digits after the first. See `pulp_model` for names, two-sided rows and the constant.

    Raises:
        ValueError: the suffix is neither `.lp` nor `.mps`.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.name}: a model file ends in .lp or .mps")
    readable = path.suffix.lower() == ".lp"
    problem = pulp_problem(program, columns=columns, rows=rows, maximise=readable)
    if readable:
        problem.writeLP(str(path))
    else:
        problem.writeMPS(str(path))
