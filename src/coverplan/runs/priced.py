"""The priced method: bound by the smoothed dual, round what it decides, then re-plan where the gap is.

For books too large for one program. Every plan is recounted by the ledger, and every bound is L(y) at some prices, or
the bound of a restricted program that keeps all columns which a better plan could use.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools
from coverplan.formulation.program import to_program
from coverplan.machine import processors
from coverplan.mip.program import Result, Status, Step, StoppedBy
from coverplan.pricing.bound import Prices
from coverplan.pricing.dual import Found, SmoothedDual
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.part import Part, part_of
from coverplan.pricing.rounding import rounded
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import Standing
from coverplan.runs.outcome import Outcome
from coverplan.runs.standing_run import BACKEND, StandingRun, elastic_prices
from coverplan.runs.wholeness import worth_relaxing
from coverplan.solvers.registry import backend
from coverplan.solvers.relaxation import relaxation
from coverplan.solvers.workers import Workers

DUAL_SHARE = 0.4
"""Share of the time that the bound may take."""
REPS_TOGETHER, MOST_TOGETHER = 6, 16
COLUMNS_TOGETHER, FEWEST_COLUMNS, MOST_COLUMNS = 300, 100, 4_000
"""Columns of a neighbourhood beside those of the plan, those of least reduced cost."""
WIDER = 1.2
NEIGHBOURHOOD_S, SLOW, QUICK = 3.0, 0.67, 0.5
"""Time limit of a neighbourhood, doubled when all reps were gone through in vain. The next ones get smaller when it
took most of that, larger when half a second was enough and in vain."""
WITHIN = 2e-3
"""Share of the whole gap that a neighbourhood may leave open."""
CONTESTED_UP_TO, CONTESTED_WIDTH, CONTESTED_S = 50_000, 1.6, 4.0
"""Columns of a book that is small enough for one program over all contested seats; columns per unit in it; seconds."""
TRIES = 20
"""Reps tried as the seed of a neighbourhood before there seems to be none."""
TELL_EVERY_S = 0.5
"""How often a better plan is recounted and told."""


@dataclass(frozen=True, eq=False)
class _Task:
    """A neighbourhood under way."""

    part: Part
    reps: Bools
    began: float


class PricedRun(StandingRun):
    """Solve by prices and neighbourhoods."""

    used = "priced"

    def answer(self) -> Outcome:
        """Bound, round, re-plan, and finish exactly where little is left open."""
        if (known := self.known()) is not None:
            return known
        if self.request.backend not in {"auto", BACKEND}:
            self.notes.append(f"the priced method solves its parts with {BACKEND}, not {self.request.backend}")
        self.timed("bound", self._bound)
        if (known := self.bounded()) is not None:
            return known
        assert self.incumbent.certificate is not None
        self.landscape = Landscape(self.formulation, self.incumbent.certificate.prices)
        self.elastic = elastic_prices(self.formulation, self.landscape)
        self.timed("rounding", lambda: self._round(self.landscape))
        if not self._done() and self._small_enough():
            self.timed("finish", self._finish)
        if not self._done() and not self.impossible:
            self.timed("neighbourhoods", self._improve)
        self._tell()
        if self.impossible:
            return self.conclude(Result(Status.INFEASIBLE, StoppedBy.PROOF), BACKEND)
        if self.incumbent.choice is None:
            assert self.standing is not None
            self.nearest = self.standing.choice
            return self.conclude(Result(Status.NO_SOLUTION, StoppedBy.TIME_LIMIT), BACKEND)
        return self.conclude(Result(Status.FEASIBLE, self._stopped_by(), reproducible=False), BACKEND)

    def _stopped_by(self) -> StoppedBy:
        return StoppedBy.GAP if self._near() else StoppedBy.TIME_LIMIT

    def _bound(self) -> None:
        """Prices from the linear relaxation where simplex is quick, else from the smoothed dual."""
        if self.truncated:
            return self.priced_in(self._prices, "lagrangian", DUAL_SHARE * self.remaining())
        if worth_relaxing(self.formulation) and self.parts.smoothing:
            relaxed = relaxation(to_program(self.formulation), DUAL_SHARE * self.remaining())
            if relaxed is not None:
                self.certify(relaxed)
                self.take_whole(relaxed)
                return None
        deadline = time.monotonic() + DUAL_SHARE * self.remaining()
        dual = SmoothedDual(self.formulation, self.request.limits.seed, self.parts.smoothing)
        dual.minimise(deadline, self.known_prices, tell=self.prove, first=self._first_plan)
        return None

    def _prices(self, start: Prices | None) -> Prices | None:
        """Prices over the listed pairs."""
        deadline = time.monotonic() + 0.5 * DUAL_SHARE * self.remaining()
        dual = SmoothedDual(self.formulation, self.request.limits.seed, self.parts.smoothing)
        found = dual.minimise(deadline, start, first=self._first_plan)
        return found.prices if np.isfinite(found.bound) else None

    def _first_plan(self, found: Found) -> None:
        """Round at the first usable prices, so that there is something to keep early on."""
        if self.incumbent.choice is None and np.isfinite(found.bound):
            self.incumbent.offer(rounded(Landscape(self.formulation, found.prices), self._deadline))

    @property
    def _deadline(self) -> float:
        return time.monotonic() + self.remaining()

    def _round(self, landscape: Landscape) -> None:
        """The better of the plan so far and the one that the final prices give."""
        standing = Standing(self.formulation, rounded(landscape, self._deadline))
        if self.incumbent.choice is not None:
            earlier = Standing(self.formulation, self.incumbent.choice)
            if not standing.feasible or earlier.objective >= standing.objective:
                standing = earlier
        self.standing = standing
        self._tell()
        if self.formulation.pairs.n_columns <= CONTESTED_UP_TO and not self._done():
            self._settle_contested()

    def _settle_contested(self) -> None:
        """One small program over the seats that the prices leave contested, all reps together."""
        assert self.standing is not None
        everyone, pairs = np.ones(self.landscape.n_reps, np.bool_), self.formulation.pairs
        most = int(CONTESTED_WIDTH * pairs.n_units)
        units, columns = self.landscape.freed(self.standing.choice, everyone, most, self._worst)
        if len(columns) == 0:
            return
        part = part_of(self.standing, units, columns, self.elastic)
        limits = self._limits(min(CONTESTED_S, 0.2 * self.remaining()), 3e-4, WITHIN * min(self._gap, 1e300))

        def hear(step: Step) -> None:
            if step.x is not None and self._take(part, step.x):
                self._tell()

        backend(BACKEND).solve(part.program, limits, part.point(self.standing.choice), hear)

    def _improve(self) -> None:
        """Re-plan a few reps at a time, side by side, until the gap closes or time ends.

        Where little is left open, one of the processes solves the whole rest meanwhile.
        """
        self._rng = np.random.default_rng(self.request.limits.seed)
        self.together, self.columns, self.patience = REPS_TOGETHER, COLUMNS_TOGETHER, NEIGHBOURHOOD_S
        self.in_vain = 0
        margin = self.landscape.margin()
        usual = margin[np.isfinite(margin)]
        self.near = 2.0 * float(np.median(usual)) if len(usual) else 0.0
        running: dict[Future[Result], _Task] = {}
        count = processors()
        with ExitStack() as racing, Workers(count) as workers:
            while not self._done() and not self.impossible:
                self._race(racing)
                self._submit(workers, running, count - (self.rest is not None and count > 1))
                if not running and (self.rest is None or not self.rest.racer.running):
                    return
                done, _ = wait(running, timeout=min(0.2, self.remaining()), return_when=FIRST_COMPLETED)
                if not running:
                    time.sleep(min(0.2, self.remaining()))
                for future in done:
                    self._learn(running.pop(future), future)
                if time.monotonic() - self._told > max(TELL_EVERY_S, 10 * self._telling_s):
                    self._tell()

    def _submit(self, workers: Workers, running: dict[Future[Result], _Task], most: int) -> None:
        """Keep that many neighbourhoods under way."""
        assert self.standing is not None
        while len(running) < most and (task := self._next(running, most)) is not None:
            seconds = min(self.patience, self.remaining())
            absolute = WITHIN * self._gap if np.isfinite(self._gap) else 0.0
            limits = self._limits(seconds, 1e-6, absolute)
            running[workers.submit(task.part.program, limits, task.part.point(self.standing.choice))] = task

    def _next(self, running: dict[Future[Result], _Task], workers: int) -> _Task | None:
        """A neighbourhood around a rep drawn by its share of the gap, apart from those under way."""
        assert self.standing is not None
        loss = self.landscape.loss_by_rep(self.standing, self.elastic)
        if not self.parts.gap_direction:
            loss = np.ones_like(loss)
        busy = np.zeros(len(loss), np.bool_)
        for task in running.values():
            busy |= task.reps
        loss = np.where(busy, 0.0, loss)
        worst = self._worst if self.parts.fixing else np.finfo(np.float64).max
        for _ in range(TRIES):
            if loss.sum() <= 0:
                return None
            seed = int(self._rng.choice(len(loss), p=loss / loss.sum()))
            reps = (
                self.landscape.together(self.standing.choice, loss, seed, self.together, self.near, self._rng) & ~busy
            )
            units, columns = self.landscape.freed(self.standing.choice, reps, self.columns, worst)
            units, columns = self._apart(running, units, columns)
            if len(columns):
                owner = self.landscape.rep_of_row
                shared = (owner < 0) | ~reps[np.maximum(owner, 0)]
                part = part_of(self.standing, units, columns, self.elastic, shared, 1.0 / workers)
                return _Task(part, reps, time.monotonic())
            loss[seed] = 0.0
        return None

    def _apart(self, running: dict[Future[Result], _Task], units: Indices, columns: Indices) -> tuple[Indices, Indices]:
        """Leave out units that another neighbourhood has in its hands."""
        if not running or len(units) == 0:
            return units, columns
        taken = np.concatenate([task.part.units for task in running.values()])
        units = np.setdiff1d(units, taken, assume_unique=True)
        return units, columns[np.isin(self.formulation.pairs.column_unit[columns], units)]

    def _learn(self, task: _Task, future: Future[Result]) -> None:
        """Take the neighbourhood's plan, and fit the size of the next ones to how long this one took."""
        try:
            result = future.result()
        except Exception as error:  # noqa: BLE001 - a lost worker loses one neighbourhood, not the run
            self.notes.append(f"a neighbourhood was lost: {type(error).__name__}")
            return
        improved = result.x is not None and self._take(task.part, result.x)
        took = time.monotonic() - task.began
        self.in_vain = 0 if improved else self.in_vain + 1
        if self.in_vain * self.together > 2 * self.landscape.n_reps:
            self.patience = min(2.0 * self.patience, 0.3 * self.remaining())
            self.columns, self.in_vain = min(MOST_COLUMNS, 2 * self.columns), 0
        elif took < QUICK and not improved:
            self.together = min(MOST_TOGETHER, self.together + 1)
            self.columns = min(MOST_COLUMNS, int(self.columns * WIDER) + 1)
        elif took > SLOW * self.patience:
            self.columns = max(FEWEST_COLUMNS, int(self.columns / WIDER))
