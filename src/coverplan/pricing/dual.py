"""The smoothed Lagrangian dual: prices of the coupling rows for programs that no simplex method finishes.

L(y) is a sum of maxima, one per unit, and so has kinks. Replacing each maximum by `T log sum exp(. / T)` makes it
smooth; a quasi-Newton method (L-BFGS-B) minimises it at falling temperatures T, each from the prices of the one before
(Nesterov, *Smooth minimization of non-smooth functions*, 2005; the same idea with a quadratic term drives ECLIPSE and
DuaLip). The dimension is the number of rows, not of accounts. The first temperatures look at a sample of the units
only: its prices are close, at a fraction of the work.

The two sides of a row keep prices of their own: the signed form has a kink at 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.pricing.bound import Prices, upper_bound
from coverplan.pricing.smoothing import Smoothed

COOLING = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Temperatures, as shares of the typical spread of values within a unit."""
STEPS = 60
"""Quasi-Newton steps per temperature."""
SETTLED = 1e-6
"""A temperature that lowers the bound by less than this share of it ends the search."""
SAMPLE, LEAST_SAMPLE = 0.1, 100_000
"""Share of the units looked at first, where it has that many columns; prices from fewer say too little."""
SAMPLED_TEMPERATURES = 2


@dataclass(frozen=True, eq=False)
class Found:
    """The best prices so far and the bound they prove."""

    prices: Prices
    bound: float


class _OutOfTime(Exception):  # noqa: N818
    """The deadline passed within an evaluation."""


Tell = Callable[[Found], None]


class SmoothedDual:
    """The dual of one formulation over scaled rows: each row's largest coefficient is 1."""

    def __init__(self, formulation: Formulation, seed: int = 0, smoothing: bool = True) -> None:
        self.formulation = formulation
        self.seed = seed
        self.cooling = COOLING if smoothing else COOLING[-1:] * len(COOLING)
        self.row_scale = _row_scale(formulation)
        self.upper = np.flatnonzero(np.isfinite(formulation.upper))
        self.lower = np.flatnonzero(np.isfinite(formulation.lower))
        self.cost = np.concatenate(
            [
                (formulation.upper * self.row_scale)[self.upper],
                -(formulation.lower * self.row_scale)[self.lower],
            ]
        )
        limit = formulation.penalty / self.row_scale
        self.limits = np.concatenate([limit[self.upper], limit[self.lower]])
        self.box = [(0.0, most if np.isfinite(most) else None) for most in self.limits.tolist()]
        self.typical = _typical_spread(formulation)

    def prices(self, y: Floats) -> Prices:
        """Prices in the units of the unscaled rows."""
        n_rows, n_upper = self.formulation.n_rows, len(self.upper)
        upper, lower = np.zeros(n_rows), np.zeros(n_rows)
        upper[self.upper] = y[:n_upper]
        lower[self.lower] = y[n_upper:]
        return Prices(
            np.minimum(upper * self.row_scale, self.formulation.penalty),
            np.minimum(lower * self.row_scale, self.formulation.penalty),
        )

    def vector(self, prices: Prices) -> Floats:
        """Scaled variables of given prices."""
        scaled = prices.upper / self.row_scale, prices.lower / self.row_scale
        return np.concatenate([scaled[0][self.upper], scaled[1][self.lower]])

    def minimise(
        self, deadline: float, start: Prices | None = None, tell: Tell | None = None, first: Tell | None = None
    ) -> Found:
        """Lower the bound until it settles or the deadline (`time.monotonic`) passes; every bound told is proven.

        `first` hears the prices of the samples, good enough to round a first plan.
        """
        y = np.zeros(len(self.cost)) if start is None else self.vector(start)
        found = self._prove(y)
        if tell is not None:
            tell(found)
        if len(y) == 0 or time.monotonic() > deadline:
            return found
        temperatures = self.cooling if start is None else self.cooling[SAMPLED_TEMPERATURES - 1 :]
        told = False
        if start is None and SAMPLE * self.formulation.pairs.n_columns >= LEAST_SAMPLE:
            y, temperatures = self._sampled(y, deadline), self.cooling[SAMPLED_TEMPERATURES - 1 :]
            found = _better(found, self._prove(y), tell)
            told = True
            if first is not None:
                first(found)
        smoothed = Smoothed(self.formulation)
        for place, share in enumerate(temperatures):
            if time.monotonic() > deadline:
                break
            y = self._descend(smoothed, 1.0, y, share * self.typical, deadline)
            latest = self._prove(y)
            gained = found.bound - latest.bound
            found = _better(found, latest, tell)
            if place == 0 and not told and first is not None:
                first(found)
            if place and 0 <= gained < SETTLED * abs(found.bound):
                break
        return found

    def _sampled(self, y: Floats, deadline: float) -> Floats:
        """Prices from a sample of the units."""
        n_units = self.formulation.pairs.n_units
        rng = np.random.default_rng(self.seed)
        units = np.sort(rng.choice(n_units, int(SAMPLE * n_units), replace=False))
        smoothed = Smoothed(self.formulation, units)
        for share in self.cooling[:SAMPLED_TEMPERATURES]:
            if time.monotonic() < deadline:
                y = self._descend(smoothed, len(units) / n_units, y, share * self.typical, deadline)
        return y

    def _prove(self, y: Floats) -> Found:
        prices = self.prices(y)
        return Found(prices, upper_bound(self.formulation, prices))

    def _descend(self, smoothed: Smoothed, share: float, y: Floats, temperature: float, deadline: float) -> Floats:
        """Minimise at one temperature over the units of `smoothed`, a share of all."""
        from scipy import optimize  # noqa: PLC0415 - takes a moment to import, and most programs need no prices

        latest, n_upper, unit = y, len(self.upper), share * self.typical

        def evaluate(point: Floats) -> tuple[float, Floats]:
            if time.monotonic() > deadline:
                raise _OutOfTime
            net = np.zeros(self.formulation.n_rows)
            net[self.upper] += point[:n_upper]
            net[self.lower] -= point[n_upper:]
            value, activity = smoothed.maxima(net * self.row_scale, temperature)
            activity *= self.row_scale
            slope = share * self.cost - np.concatenate([activity[self.upper], -activity[self.lower]])
            return (value + share * float(self.cost @ point)) / unit, slope / unit

        def keep(point: Floats) -> None:
            nonlocal latest
            latest = point.copy()

        options: dict[str, Any] = {"maxiter": STEPS, "maxcor": 20, "ftol": 0.0, "gtol": 1e-9}
        minimise: Any = optimize.minimize
        try:
            result = minimise(evaluate, y, jac=True, method="L-BFGS-B", bounds=self.box, callback=keep, options=options)
        except _OutOfTime:
            return latest
        return np.asarray(result.x)


def _row_scale(formulation: Formulation) -> Floats:
    """Scale of each row: all rows get the same sum of squared coefficients, so that equal steps weigh the same."""
    squares = np.zeros(formulation.n_rows)
    for matrix in (formulation.matrix, formulation.idle_matrix):
        squares += np.bincount(matrix.indices, matrix.data**2, formulation.n_rows)
    filled = squares > 0
    if not filled.any():
        return np.ones(formulation.n_rows)
    entries = np.bincount(formulation.matrix.indices, minlength=formulation.n_rows)
    typical = max(1.0, float(np.median(entries[filled])))
    return np.asarray(np.where(filled, np.sqrt(typical / np.where(filled, squares, 1.0)), 1.0))


def _better(old: Found, new: Found, tell: Tell | None) -> Found:
    if new.bound >= old.bound:
        return old
    if tell is not None:
        tell(new)
    return new


def _typical_spread(formulation: Formulation) -> float:
    """Median over the units of the difference between their best and worst choice."""
    pairs = formulation.pairs
    filled = np.flatnonzero(np.diff(pairs.unit_start) > 0)
    if len(filled) == 0:
        return 1.0
    starts = pairs.unit_start[filled]
    most = np.maximum.reduceat(np.where(formulation.open_column, formulation.value, -np.inf), starts)
    least = np.minimum.reduceat(np.where(formulation.open_column, formulation.value, np.inf), starts)
    idle, may_idle = formulation.idle_value[filled], formulation.may_idle[filled]
    spread = np.maximum(most, np.where(may_idle, idle, -np.inf)) - np.minimum(least, np.where(may_idle, idle, np.inf))
    spread = spread[np.isfinite(spread) & (spread > 0)]
    return max(float(np.median(spread)), 1e-9) if len(spread) else 1.0
