"""The plan that stands, and what is left open around it: the columns that a better plan could still use.

At the prices of the certificate no plan that is better uses a column whose reduced cost exceeds the gap. Where few
columns remain, the rest is solved exactly, at once or on the side.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.mip.feasibility import Settling
from coverplan.mip.program import Limits, Result, Status, Step, close_enough, is_optimal
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.part import Part, part_of
from coverplan.pricing.scope import Cut
from coverplan.pricing.standing import Move, Standing
from coverplan.runs.run import Request, Run, Setting
from coverplan.solvers.racer import Racer
from coverplan.solvers.registry import backend

BACKEND = "highs"
FINISH_COLUMNS = 12_000
"""Open columns, beyond one per unit, up to which the whole rest is solved by branch and bound on the side."""
FINISH_S = 1.5
"""How long that is tried at once, before processes are started for it."""
DOMINANCE = 10.0
"""How many times a typical violation of a hard row outweighs what a unit has to choose between."""


@dataclass(frozen=True)
class Parts:
    """Which parts of the method are used; all of them but in measurements of what each is worth."""

    smoothing: bool = True
    gap_direction: bool = True
    fixing: bool = True


@dataclass(eq=False)
class _Rest:
    """The part that holds every better plan."""

    part: Part
    columns: int
    cut: Cut
    constant: float
    """Objective of the whole less that of the part."""
    racer: Racer = field(init=False)


class StandingRun(Run):
    """A run that keeps one plan up to date, good or not yet, and knows what is left open around it."""

    landscape: Landscape
    elastic: Floats
    """What a unit of violation of each hard row costs while a plan is sought."""

    def __init__(self, request: Request, formulation: Formulation, setting: Setting, parts: Parts | None) -> None:
        super().__init__(request, formulation, setting)
        self.parts = parts or Parts()
        self.standing: Standing | None = None
        self.rest: _Rest | None = None
        self._told = -np.inf
        self._telling_s = 0.0

    @property
    def _objective(self) -> float | None:
        """Worth of the plan that stands, which may be ahead of what was told."""
        if self.standing is not None and self.standing.feasible:
            return self.standing.objective
        return self.incumbent.objective

    def _cut(self) -> Cut:
        """What a better plan than the one that stands cannot use, at the prices of the landscape."""
        return Cut.against(self.landscape.bound, self._objective)

    @property
    def _worst(self) -> float:
        """Reduced cost beyond which no better plan uses a column, the largest float without a plan."""
        return min(self._cut().threshold, np.finfo(np.float64).max)

    @property
    def _gap(self) -> float:
        """Money between bound and plan; infinite without a plan."""
        objective = self._objective
        return np.inf if objective is None else max(0.0, self.incumbent.reach - objective)

    def _near(self) -> bool:
        """Whether the gap is closed, to within the limits, or nothing better is left among the listed pairs."""
        objective, found = self._objective, self.incumbent
        return objective is not None and (
            close_enough(objective, found.reach, self.request.limits, self.formulation.size)
            or is_optimal(objective, min(found.dual_bound, found.listed_bound), self.formulation.size)
        )

    def _done(self) -> bool:
        return self._near() or self.remaining() <= 0.05

    def _limits(self, seconds: float, relative_gap: float = 0.0, absolute_gap: float = 0.0) -> Limits:
        return replace(
            self.request.limits,
            time_limit_s=seconds,
            relative_gap=relative_gap,
            absolute_gap=absolute_gap,
            work_limit=None,
        )

    def _tell(self) -> None:
        """Have the plan that stands recounted and told, where it is one."""
        if self.standing is None or not self.standing.feasible:
            return
        began = time.monotonic()
        if self.incumbent.objective is None or self.standing.objective > self.incumbent.objective:
            self.incumbent.offer(self.standing.choice.copy())
        self._told = time.monotonic()
        self._telling_s = self._told - began

    def _take(self, part: Part, x: Floats) -> bool:
        """Make the move that a part's point stands for, where it is better; True if it is."""
        assert self.standing is not None
        move = self.standing.move(part.units, part.picked(x))
        if self._standard(move) <= self._standard(self.standing):
            return False
        self.standing.take(move)
        return True

    def _standard(self, stand: Standing | Move) -> tuple[float, float]:
        """Fewer violations of hard rows first, then the objective."""
        return -float(self.elastic @ stand.missed), stand.objective

    def _open(self) -> Bools:
        """Columns that a better plan could use."""
        opened: Bools = self.landscape.cost <= self._worst
        return opened

    def _open_columns(self) -> int:
        """How many columns more than one per unit are open."""
        return int(np.count_nonzero(self._open())) - self.formulation.pairs.n_units

    def _small_enough(self) -> bool:
        return self.parts.fixing and self._open_columns() <= FINISH_COLUMNS

    def _rest(self, opened: int) -> _Rest:
        """What is left open: no plan that is better uses anything else."""
        assert self.standing is not None
        choice, columns, cut = self.standing.choice, self._open(), self._cut()
        columns[choice[choice >= 0]] = True
        many = np.bincount(self.formulation.pairs.column_unit[columns], minlength=len(choice))
        # A unit is held where its choice is all that is left of it: what the plan leaves uncovered is a choice too.
        idle = (self.landscape.idle_cost <= self._worst) | (choice < 0)
        units = np.flatnonzero(many + idle > 1) if np.isfinite(cut.threshold) else np.arange(len(choice))
        free = np.flatnonzero(columns & np.isin(self.formulation.pairs.column_unit, units))
        part = part_of(self.standing, units, free)
        settled = Settling(part.program)(part.point(choice))
        return _Rest(part, opened, cut, self.standing.objective - part.program.value(settled))

    def _finish(self) -> None:
        """Try for a moment to solve what is left open exactly: small programs need no helpers."""
        rest = self._rest(self._open_columns())
        assert self.standing is not None
        limits = replace(self.request.limits, time_limit_s=min(FINISH_S, self.remaining()), work_limit=None)
        start = None if self._objective is None else rest.part.point(self.standing.choice)
        result = backend(BACKEND).solve(rest.part.program, limits, start, lambda step: self._hear(rest, step))
        self._conclude_rest(rest, result)

    def _hear(self, rest: _Rest, step: Step) -> None:
        """A point or bound of the solve of what was left open."""
        if step.x is not None and self._take(rest.part, step.x):
            self._tell()
        if step.dual_bound is not None and np.isfinite(step.dual_bound):
            self.incumbent.over_listed(rest.cut.of_all(step.dual_bound + rest.constant))

    def _conclude_rest(self, rest: _Rest, result: Result) -> None:
        if result.status is Status.INFEASIBLE and self._objective is None and not self.truncated:
            self.incumbent.rule_out()
        elif np.isfinite(result.dual_bound):
            self._hear(rest, Step(x=result.x, dual_bound=result.dual_bound))

    def _race(self, racing: ExitStack) -> None:
        """Have the whole rest solved on the side where it is small, anew once half of its columns are out."""
        opened = self._open_columns()
        if self.rest is None or opened < 0.5 * self.rest.columns:
            if opened > FINISH_COLUMNS or (self.rest is None and not self.parts.fixing):
                return
            racing.close()
            self.rest = self._rest(opened)
            limits = self._limits(self.remaining(), self.request.limits.relative_gap, self.request.limits.absolute_gap)
            part, start = self.rest.part, None
            if self._objective is not None:
                assert self.standing is not None
                start = part.point(self.standing.choice)
            self.rest.racer = racing.enter_context(Racer(part.program, limits, start))
            return
        for step in self.rest.racer.news():
            self._hear(self.rest, step)
        if self.rest.racer.result is not None:
            self._conclude_rest(self.rest, self.rest.racer.result)


def elastic_prices(formulation: Formulation, landscape: Landscape) -> Floats:
    """What a unit of violation of each hard row costs while a plan is sought, 0 on soft rows; last, of a hard tie."""
    worth = landscape.cost[np.isfinite(landscape.cost)]
    spread = float(np.quantile(worth, 0.99)) if len(worth) else 1.0
    price = landscape.prices.upper + landscape.prices.lower + spread / formulation.priced.typical_sizes()
    rows = np.where(np.isinf(formulation.penalty), DOMINANCE * np.maximum(price, 1e-9), 0.0)
    return np.append(rows, DOMINANCE * max(spread, 1e-9))
