"""Objectives that no backend can hold whole: what outweighs the rest is settled first, the rest second.

Beside penalties of 1e12 a backend's tolerances are worth more than all the money: it ends "optimal" anywhere. So the
heavy part of the objective is solved alone, counted in its own steps, and the light part among the points that are as
good by the heavy one. With P the heavy optimum, q its step, M the light optimum at P and T the most that the light part
can bring at all, every point is worth at most max(P + M, P - q + T): where q exceeds T - M, as it does for penalties
that swamp the money, nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import sparse

from coverplan.mip.feasibility import Indices, row_sizes
from coverplan.mip.integers import DECIMALS, LARGEST_SUM, decimals
from coverplan.mip.program import Bools, Floats, Program

SPAN = 1e5
"""Neighbouring weights that lie further apart than this are settled one after the other."""
FINEST = 64
"""Parts into which the smallest heavy step is divided in search of a common one."""
ALIKE = 1e-4
"""Share of a step by which a heavy weight may miss its multiples; the light part takes the difference."""
SAME = 1e-9
"""Share of the heavy optimum that counts as the same where its weights have no common step."""


@dataclass(frozen=True, eq=False)
class Split:
    """`objective = unit * heavy + light`; the heavy value of a point goes in steps of `step` (0: not known)."""

    program: Program
    unit: float
    heavy: Floats
    light: Floats
    step: float

    def first(self) -> Program:
        """The heavy part alone, in units."""
        return replace(self.program, objective=self.heavy, offset=0.0)

    def margin(self, heavy_value: float) -> float:
        """By how much a point may be worse by the heavy part and still count as good, in units."""
        return 0.5 * self.step if self.step else SAME * abs(heavy_value)

    def second(self, heavy_value: float) -> Program:
        """The light part among the points whose heavy part is worth as much, in units."""
        program = replace(self.program, objective=self.light, offset=0.0)
        if heavy_value == 0.0 and (self.heavy <= 0.0).all() and (program.lower >= 0.0).all():
            return replace(program, upper=np.where(self.heavy < 0.0, program.lower, program.upper))
        matrix = sparse.csr_array(sparse.vstack([program.matrix, sparse.csr_array(self.heavy[None, :])], format="csr"))
        return replace(
            program,
            matrix=matrix,
            row_lower=np.append(program.row_lower, heavy_value - self.margin(heavy_value)),
            row_upper=np.append(program.row_upper, np.inf),
        )

    def bound(self, heavy_value: float, heavy_bound: float, light_bound: float) -> float:
        """What every point is worth at most: those as good by the heavy part, and the others."""
        if self.step:
            heavy_bound = self.step * np.floor(heavy_bound / self.step + ALIKE)
        ends = np.stack([self.program.lower, self.program.upper])
        with np.errstate(invalid="ignore"):
            most = np.where(self.light == 0.0, 0.0, self.light * ends).max(axis=0).sum()
        worse = heavy_value - (self.step or self.margin(heavy_value))
        best = max(self.unit * heavy_bound + light_bound, self.unit * worse + most)
        return float(best) + self.program.offset


def split(program: Program) -> Split | None:
    """The objective in two parts; None where one backend can hold it."""
    slacks = _Slacks.of(program)
    weights = _weights(program, slacks)
    used = np.unique(weights[weights > 0.0])
    if used.size < 2:
        return None
    gaps = used[1:] / used[:-1]
    widest = int(np.argmax(gaps))
    if gaps[widest] <= SPAN:
        return None
    heavy = weights > used[widest]
    cost, steps = np.where(heavy, program.objective, 0.0), _steps(program, slacks, heavy)
    unit, common = _common_step(np.abs(cost[heavy]) * steps[heavy])
    if common:
        # In whole steps; what a weight misses its multiple by, such as self-serve revenue, is light.
        counts = np.rint(np.abs(cost) * steps / unit)
        cost = np.where(heavy, np.sign(cost) * counts * unit / np.where(steps > 0.0, steps, 1.0), 0.0)
    return Split(program, unit, cost / unit, program.objective - cost, 1.0 if common else 0.0)


@dataclass(frozen=True, eq=False)
class _Slacks:
    """Continuous columns with a price that stand in one row each: column, row and absolute coefficient."""

    columns: Indices
    rows: Indices
    entries: Floats

    @classmethod
    def of(cls, program: Program) -> Self:
        matrix = program.matrix
        uses = np.bincount(matrix.indices, minlength=program.objective.size)
        single = ~program.integer & (uses == 1) & (program.objective != 0.0)
        own = np.flatnonzero(single[matrix.indices] & (matrix.data != 0.0))
        rows = np.searchsorted(matrix.indptr, own, side="right") - 1
        return cls(matrix.indices[own].astype(np.intp), rows, np.abs(matrix.data[own]))


def _weights(program: Program, slacks: _Slacks) -> Floats:
    """What a unit of each integer column brings or costs, and of each slack the largest coefficient of its row."""
    weights = np.abs(program.objective)
    weights[slacks.columns] *= row_sizes(program)[slacks.rows] / slacks.entries
    return weights


def _steps(program: Program, slacks: _Slacks, heavy: Bools) -> Floats:
    """The least that each heavy column can change by; 0 where that is not known."""
    steps, used = np.where(program.integer, 1.0, 0.0), heavy[slacks.columns]
    rows = slacks.rows[used]
    steps[slacks.columns[used]] = _row_steps(program, np.unique(rows))[rows] / slacks.entries[used]
    return steps


def _row_steps(program: Program, rows: Indices) -> Floats:
    """The common step of the activities and bounds of these rows; 0 where there is none."""
    matrix, found = program.matrix, np.zeros(program.row_lower.size)
    for row in rows:
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        whole = program.integer[matrix.indices[entries]]
        single = ~whole & (program.objective[matrix.indices[entries]] <= 0.0)
        if not (whole | single).all():
            continue
        bounds = np.array([program.row_lower[row], program.row_upper[row]])
        values = np.abs(np.concatenate([matrix.data[entries][whole], bounds[np.isfinite(bounds)]]))
        places = int(decimals(values).max(initial=0))
        if places <= DECIMALS and values.max(initial=0.0) * 10.0**places <= LARGEST_SUM:
            found[row] = float(np.gcd.reduce(np.rint(values * 10.0**places).astype(np.int64))) / 10.0**places
    return found


def _common_step(amounts: Floats) -> tuple[float, bool]:
    """A step that all amounts are near multiples of; without one the largest amount, or 1, as a mere unit."""
    if amounts.min(initial=np.inf) > 0.0 and amounts.size:
        for parts in range(1, FINEST + 1):
            step = float(amounts.min()) / parts
            if (np.abs(amounts - step * np.rint(amounts / step)) <= ALIKE * step).all():
                return step, True
    return float(amounts.max(initial=0.0)) or 1.0, False
