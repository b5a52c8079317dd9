"""The exact method: relax, round, branch and bound on the whole program."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import to_point, to_program
from coverplan.mip.program import Result, Status, StoppedBy, close_enough
from coverplan.pricing.bound import Prices, admissible
from coverplan.pricing.dual import SmoothedDual
from coverplan.pricing.scope import OverListed
from coverplan.runs.choice import DEFAULT, backend_of
from coverplan.runs.outcome import Outcome
from coverplan.runs.run import Request, Run, Setting
from coverplan.solvers.registry import backend
from coverplan.solvers.relaxation import Relaxation, relaxation

ROUND_FROM = 4_000
"""Columns from which a rounded plan is sought before branch and bound; below, the backend has one at once."""
ROUNDING_SHARE = 0.2
"""Share of the remaining time that rounding may take."""
RELAXATION_SHARE = 0.5
"""Share of the time that the linear relaxation may take; beyond it, its prices come from the smoothed dual."""
DUAL_SHARE = 0.3


class ExactRun(Run):
    """Solve the whole program by one backend."""

    used = "exact"

    def __init__(self, request: Request, formulation: Formulation, setting: Setting) -> None:
        super().__init__(request, formulation, setting)
        self.program = to_program(formulation)

    def answer(self) -> Outcome:
        """Relax, round, branch and bound."""
        if (known := self.known()) is not None:
            return known
        relaxed = self.timed("bound", self._relax)
        if self.impossible:
            return self.conclude(Result(Status.INFEASIBLE, StoppedBy.PROOF), None)
        if relaxed is not None and relaxed.x is not None:
            # Whoever names a backend wants its plan.
            whole = self.request.backend == "auto" and self.take_whole(relaxed)
            if not whole and self.formulation.pairs.n_columns >= ROUND_FROM:
                self.timed("rounding", lambda: self._round(relaxed))
        name = backend_of(self.request.backend)
        return self.conclude(self.timed("search", lambda: self._search(name)), name)

    def _relax(self) -> Relaxation | None:
        """The root relaxation, its prices and the bound they prove."""
        if self.truncated:
            self.priced_in(self._prices, "lp_relaxation", DUAL_SHARE * self.remaining())
            self.program = to_program(self.formulation)
        relaxed = relaxation(self.program, RELAXATION_SHARE * self.remaining())
        if relaxed is None:
            self.reproducible = False
            deadline = time.monotonic() + DUAL_SHARE * self.remaining()
            SmoothedDual(self.formulation).minimise(deadline, tell=self.prove)
        elif not self.truncated:
            self.certify(relaxed)
        return relaxed

    def _prices(self, _start: Prices | None) -> Prices | None:
        """Row prices of the relaxation of the listed pairs."""
        relaxed = relaxation(to_program(self.formulation), RELAXATION_SHARE * self.remaining())
        if relaxed is None or relaxed.row_prices is None:
            return None
        return admissible(self.formulation, relaxed.row_prices[: self.formulation.n_rows])

    def _round(self, relaxed: Relaxation) -> None:
        """Keep what the relaxation decides whole and solve the few contested units by branch and bound."""
        n_columns, n_units = self.formulation.pairs.n_columns, self.formulation.pairs.n_units
        assert relaxed.x is not None
        decided = relaxed.x[: n_columns + n_units] > 1.0 - 1e-6
        unit = np.concatenate([self.formulation.pairs.column_unit, np.arange(n_units)])
        settled = np.zeros(n_units, np.bool_)
        settled[unit[decided]] = True
        upper = self.program.upper.copy()
        upper[: n_columns + n_units] = np.where(settled[unit], decided, upper[: n_columns + n_units])
        part = replace(self.program, upper=upper)
        limits = replace(
            self.request.limits, time_limit_s=ROUNDING_SHARE * self.remaining(), relative_gap=1e-3, absolute_gap=0.0
        )
        result = backend("highs").solve(part, limits, None, self.incumbent.hear_points)
        self.reproducible &= result.reproducible

    def _search(self, name: str) -> Result:
        """Branch and bound on the whole program, unless the gap is closed already."""
        limits, found = self.request.limits, self.incumbent.choice
        if close_enough(self.incumbent.objective, self.incumbent.reach, limits, self.formulation.size):
            return Result(Status.FEASIBLE, StoppedBy.GAP)
        choice = self.hint if found is None else found
        start = None if choice is None else to_point(self.formulation, self.program, choice)
        limits = replace(limits, time_limit_s=self.remaining())
        result = backend(name).solve(self.program, limits, start, self.incumbent.hear)
        if result.x is None and result.stopped_by is StoppedBy.SOLVER_LOST and name != DEFAULT:
            self.notes += [*result.notes, f"{name} gave up without a plan or a proof, so {DEFAULT} was asked"]
            limits = replace(limits, time_limit_s=self.remaining())
            result = backend(DEFAULT).solve(self.program, limits, start, self.incumbent.hear)
        if result.status is not Status.INFEASIBLE:
            self.incumbent.over_listed(OverListed(result.dual_bound))
        if result.status is Status.INFEASIBLE and self.truncated:
            self.notes.append("no plan among the shortlisted pairs: raise candidates.per_seat")
            return replace(result, status=Status.NO_SOLUTION)
        return result
