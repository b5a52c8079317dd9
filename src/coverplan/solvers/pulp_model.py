"""A program as a PuLP problem, for the files that PuLP writes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pulp

from coverplan.mip.feasibility import unmet_without_entries
from coverplan.mip.program import Program

LONGEST_NAME = 80
_ILLEGAL = re.compile(r"[^A-Za-z0-9_.]")


def pulp_problem(
    program: Program, *, columns: Sequence[str] | None = None, rows: Sequence[str] | None = None, maximise: bool = True
) -> pulp.LpProblem:
    """The program as a PuLP problem.

    PuLP has no two-sided rows: such a row becomes `NAME_min` and `NAME_max`. The objective's constant is the column
    `constant`, fixed to 1, because LP files have no place for it. A row without entries is left out, unless nothing
    satisfies it: then it stands on the column `nothing`, fixed to 0.
    """
    sign = 1.0 if maximise else -1.0
    problem = pulp.LpProblem("coverplan", pulp.LpMaximize if maximise else pulp.LpMinimize)
    names = legal_names(
        columns or [f"x{column}" for column in range(program.objective.size)], reserved=["constant", "nothing"]
    )
    kinds = np.where(program.integer, pulp.LpInteger, pulp.LpContinuous).tolist()
    variables = [
        problem.add_variable(name, _finite(low), _finite(high), kind)
        for name, low, high, kind in zip(names, program.lower.tolist(), program.upper.tolist(), kinds, strict=True)
    ]
    terms = [
        (variable, sign * value) for variable, value in zip(variables, program.objective.tolist(), strict=True) if value
    ]
    if program.offset:
        terms.append((problem.add_variable("constant", 1, 1), sign * program.offset))
    problem.setObjective(pulp.LpAffineExpression(terms, name="objective"))
    _add_rows(problem, program, variables, rows or [f"r{row}" for row in range(program.row_lower.size)])
    return problem


def legal_names(names: Sequence[str], reserved: Sequence[str] = ()) -> list[str]:
    """Names that LP and MPS readers accept, one to one: other characters become `_`, repeats get a number."""
    taken = set(reserved)
    legal = []
    for name in names:
        clean = _ILLEGAL.sub("_", name)[:LONGEST_NAME]
        if not clean or not clean[0].isalpha() or clean[0] in "eE":
            clean = f"n_{clean}"
        unique, count = clean, 1
        while unique in taken:
            count += 1
            unique = f"{clean}_{count}"
        taken.add(unique)
        legal.append(unique)
    return legal


def _add_rows(
    problem: pulp.LpProblem, program: Program, variables: Sequence[pulp.LpVariable], rows: Sequence[str]
) -> None:
    matrix = program.matrix
    starts = matrix.indptr.tolist()
    indices, values = matrix.indices.tolist(), matrix.data.tolist()
    bounds = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
    unmet = unmet_without_entries(program)
    nothing = problem.add_variable("nothing", 0, 0) if unmet.any() else None
    for position, (name, (low, high)) in enumerate(zip(legal_names(rows, ["objective"]), bounds, strict=True)):
        entries = slice(starts[position], starts[position + 1])
        terms = [(variables[index], value) for index, value in zip(indices[entries], values[entries], strict=True)]
        if nothing is not None and unmet[position]:
            terms = [(nothing, 1.0)]
        for suffix, sense, bound in _sides(low, high):
            if terms:
                expression = pulp.LpAffineExpression(terms)
                problem.addConstraint(pulp.LpConstraint(expression, sense, name + suffix, bound))


def _sides(low: float, high: float) -> list[tuple[str, int, float]]:
    if low == high:
        return [("", pulp.LpConstraintEQ, low)]
    sides = []
    both = np.isfinite(low) and np.isfinite(high)
    if np.isfinite(low):
        sides.append(("_min" if both else "", pulp.LpConstraintGE, low))
    if np.isfinite(high):
        sides.append(("_max" if both else "", pulp.LpConstraintLE, high))
    return sides


def _finite(bound: float) -> float | None:
    return bound if np.isfinite(bound) else None
