"""The priced method: bound by the smoothed dual, round what it leaves contested, then re-plan where the gap is.

For books too large for one program. Every plan is recounted by the ledger, and every bound is L(y) at some prices, or
the bound of a restricted program that keeps all columns which a better plan could use.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from coverplan.domain.instance import Bools
from coverplan.formulation.program import to_program
from coverplan.mip.feasibility import Settling
from coverplan.mip.program import Limits, Result, Status, Step, StoppedBy, close_enough
from coverplan.pricing.dual import SmoothedDual
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.part import Part, part_of
from coverplan.runs.outcome import Outcome
from coverplan.runs.run import Run
from coverplan.solvers.registry import backend
from coverplan.solvers.relaxation import relaxation
from coverplan.solvers.workers import Workers

BACKEND = "highs"
SIMPLEX_ENTRIES = 60_000
"""Matrix entries up to which the linear relaxation takes about a second."""
DUAL_SHARE = 0.4
"""Share of the time that the bound may take."""
CONTESTED_PER_ROW = 4
"""Units left open for the first rounding, per coupling row; doubled until a plan is found."""
WIDTH = 4
"""Columns per open unit in a rounding, those of least reduced cost."""
REPS_TOGETHER, FEWEST_TOGETHER, MOST_TOGETHER = 5, 2, 16
COLUMNS_TOGETHER = 2_500
NEIGHBOURHOOD_S = 4.0
ROUNDING_S = 4.0
FINISH_COLUMNS = 6_000
"""Open columns below which the whole rest is solved by branch and bound."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A neighbourhood under way."""

    part: Part
    reps: Bools
    began: float


class PricedRun(Run):
    """Solve by prices and neighbourhoods."""

    used = "priced"
    relaxed_away = False
    """The linear relaxation has no solution."""

    def answer(self) -> Outcome:
        """Bound, round, re-plan, and finish exactly where little is left open."""
        if self.request.backend not in {"auto", BACKEND}:
            self.notes.append(f"the priced method solves its parts with {BACKEND}, not {self.request.backend}")
        self.timed("bound", self._bound)
        if self.formulation.impossible or self.relaxed_away:
            return self.conclude(Result(Status.INFEASIBLE, StoppedBy.PROOF), None)
        if self.incumbent.certificate is None:
            return self.conclude(Result(Status.NO_SOLUTION, StoppedBy.TIME_LIMIT), None)
        self.landscape = Landscape(self.formulation, self.incumbent.certificate.prices)
        self.timed("rounding", self._round)
        if self.incumbent.choice is None:
            return self.conclude(self.timed("search", self._whole), BACKEND)
        if not self._done():
            self.timed("neighbourhoods", self._improve)
        if not self._done():
            self.timed("finish", self._finish)
        return self.conclude(Result(Status.FEASIBLE, self._stopped_by(), reproducible=False), BACKEND)

    def _stopped_by(self) -> StoppedBy:
        near = close_enough(self.incumbent.objective, self.incumbent.dual_bound, self.request.limits)
        return StoppedBy.GAP if near else StoppedBy.TIME_LIMIT

    def _done(self) -> bool:
        near = close_enough(self.incumbent.objective, self.incumbent.dual_bound, self.request.limits)
        return near or self.remaining() <= 0.05

    def _bound(self) -> None:
        """Prices from the linear relaxation where simplex is quick, else from the smoothed dual."""
        if self.formulation.matrix.nnz <= SIMPLEX_ENTRIES:
            relaxed = relaxation(to_program(self.formulation), DUAL_SHARE * self.remaining())
            self.relaxed_away = relaxed is not None and relaxed.status is Status.INFEASIBLE
            if relaxed is not None:
                self.certify(relaxed)
                return
        deadline = time.monotonic() + DUAL_SHARE * self.remaining()
        SmoothedDual(self.formulation).minimise(deadline, tell=self.prove)

    def _round(self) -> None:
        """Keep what the prices decide and solve the contested units, more of them until a plan is found."""
        choice, margin = self.landscape.argmax(), self.landscape.margin()
        order = np.argsort(margin)
        n_units = len(order)
        count, width = CONTESTED_PER_ROW * max(10, self.formulation.n_rows), WIDTH
        rank = self.formulation.pairs.rank(self.landscape.cost)
        while self.remaining() > 0.05:
            units = np.zeros(n_units, np.bool_)
            units[order[:count]] = True
            part = part_of(self.formulation, choice, units, rank < width)
            limits = self._limits(min(self._rounding_s(), 0.3 * self.remaining()), relative_gap=3e-4)
            backend(BACKEND).solve(part.program, limits, None, partial(self._take, part))
            if self.incumbent.choice is not None or (count >= n_units and width > rank.max(initial=0)):
                return
            count, width = 3 * count, 3 * width

    def _whole(self) -> Result:
        """The whole program by branch and bound, where rounding gave no plan; it can also prove that there is none."""
        program = to_program(self.formulation)
        limits = replace(self.request.limits, time_limit_s=self.remaining())
        result = backend(BACKEND).solve(program, limits, None, self.incumbent.hear)
        if result.status is not Status.INFEASIBLE:
            self.incumbent.bounded(result.dual_bound)
        return result

    def _rounding_s(self) -> float:
        """Small programs are better finished than rounded for long."""
        return min(ROUNDING_S, 0.3 + self.formulation.pairs.n_columns / 10_000)

    def _take(self, part: Part, step: Step) -> None:
        if step.x is not None:
            base = self.incumbent.choice if self.incumbent.choice is not None else self.landscape.argmax()
            self.incumbent.offer(part.merged(base, step.x, self.formulation.pairs.column_unit))

    def _limits(self, seconds: float, relative_gap: float = 0.0, absolute_gap: float = 0.0) -> Limits:
        return replace(
            self.request.limits,
            time_limit_s=seconds,
            relative_gap=relative_gap,
            absolute_gap=absolute_gap,
            work_limit=None,
        )

    def _improve(self) -> None:
        """Re-plan a few reps at a time, side by side, until the gap closes, time ends or little is left open."""
        rng = np.random.default_rng(self.request.limits.seed)
        self.together, self.fruitless = REPS_TOGETHER, 0
        running: dict[Future[Result], _Task] = {}
        with Workers(os.cpu_count() or 1) as workers:
            while not self._done() and not self._small_enough():
                while len(running) < workers.count and (task := self._next(running, rng)) is not None:
                    choice = self.incumbent.choice
                    assert choice is not None
                    seconds = min(NEIGHBOURHOOD_S, self.remaining())
                    gap = max(0.0, self.incumbent.dual_bound - (self.incumbent.objective or 0.0))
                    limits = self._limits(seconds, absolute_gap=1e-3 * gap)
                    running[workers.submit(task.part.program, limits, task.part.point(choice))] = task
                if not running:
                    return
                done, _ = wait(running, timeout=min(1.0, self.remaining()), return_when=FIRST_COMPLETED)
                for future in done:
                    self._learn(running.pop(future), future)
                if not done:
                    self.incumbent.enter("neighbourhoods")

    def _next(self, running: dict[Future[Result], _Task], rng: np.random.Generator) -> _Task | None:
        """A neighbourhood around a rep drawn by its share of the gap, apart from those under way."""
        choice = self.incumbent.choice
        assert choice is not None
        loss = self.landscape.loss_by_rep(choice)
        busy = np.zeros(len(loss), np.bool_)
        for task in running.values():
            busy |= task.reps
        loss = np.where(busy, 0.0, loss)
        if loss.sum() <= 0:
            return None
        near = 2.0 * float(np.median(self.landscape.margin()[np.isfinite(self.landscape.margin())]))
        seed = int(rng.choice(len(loss), p=loss / loss.sum()))
        reps = self.landscape.together(choice, seed, self.together, near, rng) & ~busy
        units, columns = self.landscape.freed(choice, reps, COLUMNS_TOGETHER)
        if not columns.any():
            return None
        return _Task(part_of(self.formulation, choice, units, columns), reps, time.monotonic())

    def _learn(self, task: _Task, future: Future[Result]) -> None:
        """Take the neighbourhood's plan, and fit the size of the next ones to how long this one took."""
        try:
            result = future.result()
        except Exception as error:  # noqa: BLE001 - a lost worker loses one neighbourhood, not the run
            self.notes.append(f"a neighbourhood was lost: {type(error).__name__}")
            return
        before = self.incumbent.objective
        if result.x is not None:
            self._take(task.part, Step(x=result.x))
        improved = self.incumbent.objective != before
        self.fruitless = 0 if improved else self.fruitless + 1
        took = time.monotonic() - task.began
        if took < 0.3 * NEIGHBOURHOOD_S:
            self.together = min(MOST_TOGETHER, self.together + 1)
        elif result.status is not Status.OPTIMAL and not improved:
            self.together = max(FEWEST_TOGETHER, self.together - 1)

    def _open(self) -> Bools:
        """Columns that a better plan could use: their reduced cost is below the gap."""
        gap = self.incumbent.dual_bound - (self.incumbent.objective or 0.0)
        opened: Bools = self.landscape.cost <= max(gap, 0.0)
        return opened

    def _small_enough(self) -> bool:
        return int(self._open().sum()) - self.formulation.pairs.n_units <= FINISH_COLUMNS

    def _finish(self) -> None:
        """Solve the rest exactly: no plan that is better uses a column whose reduced cost exceeds the gap."""
        choice, gap = self.incumbent.choice, self.incumbent.dual_bound - (self.incumbent.objective or 0.0)
        assert choice is not None
        columns = self._open()
        columns[choice[choice >= 0]] = True
        many = np.bincount(self.formulation.pairs.column_unit[columns], minlength=len(choice))
        units = many + (self.landscape.idle_cost <= gap) > 1
        part = part_of(self.formulation, choice, units, columns)
        limits = replace(self.request.limits, time_limit_s=self.remaining(), work_limit=None)
        rest = (self.incumbent.objective or 0.0) - self._worth(part)

        def hear(step: Step) -> None:
            self._take(part, step)
            if step.dual_bound is not None:
                self.incumbent.bounded(step.dual_bound + rest)

        result = backend(BACKEND).solve(part.program, limits, part.point(choice), hear)
        if np.isfinite(result.dual_bound):
            self.incumbent.bounded(max(result.dual_bound + rest, self.incumbent.objective or -np.inf))

    def _worth(self, part: Part) -> float:
        """Objective of the incumbent within the part, its slacks settled."""
        assert self.incumbent.choice is not None
        settled = Settling(part.program)(part.point(self.incumbent.choice))
        return part.program.value(settled)
