"""The method for dense programs under hard capacities: knapsack bound, dives, and re-planning beside a proof.

Where every coupling row is one rep's capacity, whole knapsacks give a bound that is nearly tight, and losses that
close most pairs and books. One worker at a time tries to finish: it solves a program of the pairs or books of small
loss, since a plan that uses another one is worth at most the bound less that loss. The others re-plan a few reps.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice, to_program
from coverplan.machine import processors
from coverplan.mip.program import RELATIVE_HAIR, Limits, Result, Status, StoppedBy, close_enough
from coverplan.pricing.bound import best_of_units, reduced
from coverplan.pricing.dive import dive
from coverplan.pricing.dual import SmoothedDual
from coverplan.pricing.finish import FIRST_S, Attempt, Finisher
from coverplan.pricing.knapsack import Integers, Knapsacks, least_step, tighten
from coverplan.pricing.knapsack_program import replan
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.rounding import rounded
from coverplan.pricing.scope import OverListed
from coverplan.runs.outcome import Outcome
from coverplan.runs.run import Request, Run, Setting
from coverplan.runs.wholeness import worth_relaxing
from coverplan.solvers.registry import backend
from coverplan.solvers.relaxation import relaxation
from coverplan.solvers.workers import Workers

BACKEND = "highs"
RELAXATION_SHARE, ASCENT_SHARE, DIVE_SHARE = 0.3, 0.1, 0.2
LEFT_TO_PROGRAM = 25
"""Units that a dive leaves to branch and bound."""
FIRST_REST_S, REST_S = 3.0, 0.5
MARGIN_S = 0.7
"""What a long attempt leaves for its result to arrive."""
NEAR = 0.2
"""Share of the gap up to which exact re-planning looks at a pair."""
DIVES = 0.4
"""Share of the re-planning that dives; the rest is exact, over fewer reps."""
DIVE_UNITS, DIVE_S = 130, 3.0
"""Units that a dive re-plans, about, and the time it may take."""
DIVE_SHARE_OF_REPS = 0.6
PATIENCE = 40
"""Dives without a better plan after which one begins afresh; the best plan is kept."""
FEWEST_TOGETHER, REPS_TOGETHER, MOST_TOGETHER = 2, 4, 12
NEIGHBOURHOOD_S, QUICK_S, LONG_S = 2.0, 0.03, 0.15


@dataclass(frozen=True, eq=False)
class _Replan:
    """Some reps and all that they hold, being re-planned."""

    reps: Integers
    units: Integers
    dives: bool
    afresh: bool
    began: float


class DenseRun(Run):
    """Solve by knapsack bounds, dives and programs of small loss."""

    used = "priced"

    def __init__(self, request: Request, formulation: Formulation, setting: Setting, knapsacks: Knapsacks) -> None:
        super().__init__(request, formulation, setting)
        self.knapsacks = knapsacks
        self.step = least_step(formulation)
        self.rng = np.random.default_rng(request.limits.seed)
        self.rep_of_unit, self.worth = np.full(formulation.pairs.n_units, -1, np.int64), -np.inf
        if self.incumbent.choice is not None:
            self._offer(self.incumbent.choice)

    def _offer(self, choice: Choice) -> None:
        """Take a choice of columns."""
        if self.formulation.may_idle[choice < 0].all():
            self._take(np.where(choice >= 0, self.formulation.pairs.column_rep[np.maximum(choice, 0)], -1))

    def answer(self) -> Outcome:
        """Bound, dive, then re-plan and finish side by side."""
        if (known := self.known()) is not None:
            return known
        self.timed("bound", self._relax)
        if (known := self.bounded()) is not None:
            return known
        self.timed("knapsacks", self._tighten)
        if not self._done():
            self.timed("rounding", self._dive)
        if self.incumbent.choice is None:
            return self.conclude(self.timed("search", self._whole), BACKEND)
        if not self._done():
            self.timed("finish", self._finish)
        if not self._done():
            self.timed("neighbourhoods", self._improve)
        stopped_by = StoppedBy.GAP if self._near() else StoppedBy.TIME_LIMIT
        return self.conclude(Result(Status.FEASIBLE, stopped_by, reproducible=False), BACKEND)

    def _near(self) -> bool:
        """Whether the gap is closed."""
        return close_enough(
            self.incumbent.objective, self.incumbent.dual_bound, self.request.limits, self.formulation.size
        )

    def _done(self) -> bool:
        return self._near() or self.remaining() <= 0.05

    def _relax(self) -> None:
        """Prices of the rows from the linear relaxation, or from the smoothed dual where that takes long."""
        if worth_relaxing(self.formulation):
            relaxed = relaxation(to_program(self.formulation), RELAXATION_SHARE * self.remaining())
            if relaxed is not None:
                self.certify(relaxed)
                self.take_whole(relaxed)
                return
        deadline = time.monotonic() + RELAXATION_SHARE * self.remaining()
        SmoothedDual(self.formulation).minimise(deadline, tell=self.prove)

    def _tighten(self) -> None:
        """Prices of the units, first what each is worth at the rows' prices, then those of the best bound."""
        certificate = self.incumbent.certificate
        assert certificate is not None
        landscape = Landscape(self.formulation, certificate.prices)
        self._offer(rounded(landscape))
        margin = landscape.margin()
        usual = margin[np.isfinite(margin)]
        typical = float(np.median(usual)) if len(usual) else 0.0
        self.distance = max(typical * max(2, self.formulation.n_rows) / 2, 1e-9 * abs(certificate.bound), 1e-9)
        top = best_of_units(self.formulation, *reduced(self.formulation, certificate.prices))
        deadline = time.monotonic() + ASCENT_SHARE * self.remaining()
        ascent = tighten(self.knapsacks, top, self.distance, deadline, tell=self._bounded)
        self.prices = ascent.prices
        self.finisher = Finisher(self.knapsacks, ascent.prices, ascent.bound, self.step)
        self._bounded(self.finisher.bound)

    def _bounded(self, bound: float) -> None:
        """Take a bound, rounded down to what a plan can be worth."""
        if self.step:
            steps = (bound - self.knapsacks.offset) / self.step
            steps = np.floor(steps + max(1e-6, RELATIVE_HAIR * abs(steps)))
            bound = self.knapsacks.offset + float(steps) * self.step
        self.incumbent.over_listed(OverListed(bound))

    def _limits(self, seconds: float) -> Limits:
        """One thread, until nothing better by a whole step is left."""
        return replace(
            self.request.limits,
            time_limit_s=max(0.01, min(seconds, self.remaining())),
            relative_gap=0.0,
            absolute_gap=0.999 * self.step,
            deterministic=True,
            work_limit=None,
        )

    def _take(self, rep_of_unit: Integers, afresh: bool = False) -> bool:
        """Go on from a plan, unless it is worse than the one so far or does not fit; True if it is better."""
        worth = self.knapsacks.worth(rep_of_unit)
        if not worth >= (-np.inf if afresh else self.worth):
            return False
        covered, every = rep_of_unit >= 0, np.arange(len(rep_of_unit))
        choice = np.where(covered, self.knapsacks.column[rep_of_unit, every], -1)
        better = worth > self.worth
        if (choice[covered] < 0).any() or not self.knapsacks.fits(rep_of_unit):
            return False
        known = self.incumbent.objective
        if (known is None or worth > known) and not self.incumbent.offer(choice):
            return False
        self.rep_of_unit, self.worth = rep_of_unit, worth
        return better

    def _dive(self) -> None:
        """Dive on everything, leaving more to branch and bound each time, until a plan is found."""
        seconds, least = DIVE_SHARE * self.remaining(), LEFT_TO_PROGRAM
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and least < 2 * max(LEFT_TO_PROGRAM, len(self.prices)):
            limits = self._limits(deadline - time.monotonic())
            seed = int(self.rng.integers(2**31))
            found = dive(self.knapsacks, self.prices, self.distance, least, limits, FIRST_REST_S, seed)
            if found is not None:
                self._take(found)
                return
            least = 2 * least

    def _whole(self) -> Result:
        """The whole program by branch and bound, where dives gave no plan; it can also prove that there is none."""
        limits = replace(self.request.limits, time_limit_s=self.remaining())
        result = backend(BACKEND).solve(to_program(self.formulation), limits, None, self.incumbent.hear)
        if result.status is not Status.INFEASIBLE:
            self.incumbent.over_listed(OverListed(result.dual_bound))
        return result

    def _finish(self) -> None:
        """A first attempt of each kind, and more while they succeed, before processes are started."""
        for _ in range(4):
            attempt = self.finisher.next(self.rep_of_unit, self.worth)
            if attempt is None or attempt.seconds > FIRST_S or self._done():
                return
            result = backend(BACKEND).solve(attempt.program, self._limits(attempt.seconds), attempt.start)
            self._attempted(attempt, result)

    def _attempted(self, attempt: Attempt, result: Result) -> None:
        rep_of_unit, bound = self.finisher.learn(attempt, result)
        if rep_of_unit is not None:
            self._take(rep_of_unit)
        self._bounded(bound)

    def _improve(self) -> None:
        """Re-plan a few reps at a time, and try to finish, side by side."""
        self.together, self.fruitless = REPS_TOGETHER, 0
        running: dict[Future[Any], _Replan | Attempt] = {}
        with Workers(processors()) as workers:
            while not self._done():
                while len(running) < workers.count and not self._done():
                    task = None
                    alone = not any(isinstance(other, Attempt) for other in running.values())
                    if alone and self.remaining() > 2 * (MARGIN_S + self.finisher.took):
                        task = self.finisher.next(self.rep_of_unit, self.worth)
                    if task is not None:
                        left = self.remaining() - MARGIN_S
                        limits = self._limits(left if 2 * task.seconds > left else task.seconds)
                        future: Future[Any] = workers.submit(task.program, limits, task.start)
                        running[future] = task
                    else:
                        future, replanned = self._replan(workers, running)
                        running[future] = replanned
                done, _ = wait(running, timeout=min(1.0, self.remaining()), return_when=FIRST_COMPLETED)
                for future in done:
                    self._learn(running.pop(future), future)
                if time.monotonic() - self.incumbent.began > self.incumbent.trace[-1].t + 1.0:
                    self.incumbent.enter("neighbourhoods")

    def _replan(self, workers: Workers, running: dict[Future[Any], _Replan | Attempt]) -> tuple[Future[Any], _Replan]:
        """Send off reps drawn by what their units lose, apart from those under way, with the units they hold."""
        dives = bool(self.rng.random() < DIVES)
        n_reps, covered = len(self.knapsacks.capacity), self.rep_of_unit >= 0
        lost = self.finisher.losses[np.maximum(self.rep_of_unit, 0), np.arange(len(covered))]
        weight = np.bincount(self.rep_of_unit[covered], lost[covered], n_reps).astype(np.float64)
        weight += 0.1 * weight.mean() + 1e-12
        # Two plans for one rep overdraw it, and the later is lost; most dives end where they began, so they may meet.
        for task in running.values():
            if isinstance(task, _Replan):
                weight[task.reps] *= 0.3
        afresh = dives and self.fruitless > PATIENCE
        wide = max(FEWEST_TOGETHER, round(min(DIVE_UNITS / len(covered), DIVE_SHARE_OF_REPS) * n_reps))
        count = min(wide if dives else self.together, n_reps)
        reps = np.sort(self.rng.choice(n_reps, count, replace=False, p=weight / weight.sum()))
        if afresh:
            reps, self.fruitless = np.arange(n_reps), 0
        units = np.flatnonzero(~covered | np.isin(self.rep_of_unit, reps))
        task = _Replan(reps, units, dives, afresh, time.monotonic())
        some = self.knapsacks.among(reps, units)
        if dives:
            seed = int(self.rng.integers(2**31))
            call = partial(dive, some, self.prices[units], self.distance, LEFT_TO_PROGRAM)
            return workers.call(call, self._limits(DIVE_S * (1 + 2 * afresh)), REST_S, seed), task
        place = np.full(n_reps, -1, np.int64)
        place[reps] = np.arange(count)
        held = np.where(covered[units], place[np.maximum(self.rep_of_unit[units], 0)], -1)
        near = self.finisher.losses[np.ix_(reps, units)] <= max(NEAR * self.finisher.gap(self.worth), self.step)
        return workers.call(replan, some, near, held, self._limits(NEIGHBOURHOOD_S)), task

    def _learn(self, task: _Replan | Attempt, future: Future[Any]) -> None:
        """Take the plan and the bound, and fit the size of what comes next to how long this took."""
        try:
            found = future.result()
        except Exception as error:  # noqa: BLE001 - a lost worker loses one program, not the run
            self.notes.append(f"a part was lost: {type(error).__name__}")
            return
        if isinstance(task, Attempt):
            self._attempted(task, found)
            return
        if found is not None:
            updated = self.rep_of_unit.copy()
            updated[task.units] = np.where(found >= 0, task.reps[found], -1)
            better = self._take(updated, task.afresh)
            self.fruitless = 0 if better else self.fruitless + task.dives
        if task.dives:
            return
        took = time.monotonic() - task.began
        if took < QUICK_S:
            self.together = min(MOST_TOGETHER, self.together + 1)
        elif took > LONG_S:
            self.together = max(FEWEST_TOGETHER, self.together - 1)
