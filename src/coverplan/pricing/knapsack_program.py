"""Some pairs of knapsacks as a mixed-integer program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.mip.program import Limits, Program
from coverplan.pricing.knapsack import Integers, Knapsacks
from coverplan.solvers.registry import backend


@dataclass(frozen=True, eq=False)
class Part:
    """The program of some pairs; its columns are the pairs, unit by unit, then the units' uncovered columns."""

    program: Program
    rep: Integers
    unit: Integers

    def plan(self, x: Floats) -> Integers:
        """Rep of each unit at a point, -1 for uncovered."""
        rep_of_unit = np.full(len(x) - len(self.rep), -1, np.int64)
        taken = x[: len(self.rep)] > 0.5
        rep_of_unit[self.unit[taken]] = self.rep[taken]
        return rep_of_unit

    def point(self, rep_of_unit: Integers) -> Floats:
        """The point of a plan whose pairs are all there."""
        taken = self.rep == rep_of_unit[self.unit]
        return np.concatenate([taken, rep_of_unit < 0]).astype(np.float64)


def part_of(knapsacks: Knapsacks, pairs: Bools) -> Part:
    """Every unit keeps these pairs, reps x units, and the choice to stay uncovered where it has that."""
    n_reps, n_units = pairs.shape
    unit, rep = np.nonzero(pairs.T)
    count, may_idle = len(unit), np.isfinite(knapsacks.idle)
    fill = (knapsacks.weight[rep, unit].astype(np.float64), (rep, np.arange(count)))
    loads = sparse.coo_array(fill, shape=(n_reps, count))
    pick = sparse.coo_array((np.ones(count), (unit, np.arange(count))), shape=(n_units, count))
    program = Program(
        objective=np.concatenate([knapsacks.value[rep, unit], np.where(may_idle, knapsacks.idle, 0.0)]),
        matrix=sparse.csr_array(sparse.block_array([[loads, None], [pick, sparse.eye_array(n_units)]], format="csr")),
        row_lower=np.concatenate([np.full(n_reps, -np.inf), np.ones(n_units)]),
        row_upper=np.concatenate([knapsacks.capacity.astype(np.float64), np.ones(n_units)]),
        lower=np.zeros(count + n_units),
        upper=np.concatenate([np.ones(count), may_idle.astype(np.float64)]),
        integer=np.ones(count + n_units, np.bool_),
        offset=knapsacks.offset,
    )
    return Part(program, rep, unit)


def replan(knapsacks: Knapsacks, pairs: Bools, rep_of_unit: Integers, limits: Limits) -> Integers | None:
    """The best plan by CP-SAT over these pairs and those of the plan so far, reps by place; None without one."""
    keep, held = pairs & (knapsacks.column >= 0) & np.isfinite(knapsacks.value), np.flatnonzero(rep_of_unit >= 0)
    keep[rep_of_unit[held], held] = True
    part = part_of(knapsacks, keep)
    result = backend("cp_sat").solve(part.program, limits, part.point(rep_of_unit))
    return None if result.x is None else part.plan(result.x)
