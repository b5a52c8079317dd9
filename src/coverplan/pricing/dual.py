"""The smoothed Lagrangian dual: prices of the coupling rows for programs that no simplex method finishes.

L(y) is a sum of maxima, one per unit, and so has kinks. Replacing each maximum by `T log sum exp(. / T)` makes it
smooth; a quasi-Newton method (L-BFGS-B) minimises it at falling temperatures T, each from the prices of the one before
(Nesterov, *Smooth minimization of non-smooth functions*, 2005; the same idea with a quadratic term drives ECLIPSE and
DuaLip). One evaluation is one vectorised pass over the columns; the dimension is the number of rows.

The two sides of a row keep prices of their own: the signed form has a kink at 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.pricing.bound import Prices, upper_bound

COOLING = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Temperatures, as shares of the typical spread of values within a unit."""
STEPS = 120
"""Quasi-Newton steps per temperature."""
SETTLED = 1e-7
"""A temperature that lowers the bound by less than this share of it ends the search."""


@dataclass(frozen=True, eq=False)
class Found:
    """The best prices so far and the bound they prove."""

    prices: Prices
    bound: float


class _OutOfTime(Exception):  # noqa: N818
    """The deadline passed within an evaluation."""


class SmoothedDual:
    """The dual of one formulation over scaled rows: each row's largest coefficient is 1."""

    def __init__(self, formulation: Formulation) -> None:
        self.formulation = formulation
        pairs = formulation.pairs
        open_columns = np.flatnonzero(formulation.open_column)
        idle = np.flatnonzero(formulation.may_idle)
        unit = np.concatenate([pairs.column_unit[open_columns], idle])
        order = np.argsort(unit, kind="stable")
        self.start = np.flatnonzero(np.diff(unit[order], prepend=-1))
        self.length = np.diff(np.append(self.start, len(order)))
        stacked = sparse.hstack([formulation.matrix[:, open_columns], formulation.idle_matrix[:, idle]], format="csc")
        largest = np.zeros(formulation.n_rows)
        np.maximum.at(largest, stacked.indices, np.abs(stacked.data))
        self.row_scale = 1.0 / np.where(largest > 0, largest, 1.0)
        by_choice = sparse.csr_array(stacked[:, order].T)
        by_choice.data *= self.row_scale[by_choice.indices]
        self.by_choice = by_choice
        self.by_row = sparse.csr_array(by_choice.T)
        self.value = np.concatenate([formulation.value[open_columns], formulation.idle_value[idle]])[order]
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
        spread = np.maximum.reduceat(self.value, self.start) - np.minimum.reduceat(self.value, self.start)
        typical = float(np.median(spread[spread > 0])) if (spread > 0).any() else 1.0
        self.typical = max(typical, 1e-9)

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

    def smooth(self, y: Floats, temperature: float) -> tuple[float, Floats]:
        """Smoothed dual and its gradient, both in units of the typical spread."""
        n_upper, net = len(self.upper), np.zeros(self.formulation.n_rows)
        net[self.upper] += y[:n_upper]
        net[self.lower] -= y[n_upper:]
        worth = self.value - self.by_choice @ net
        best = np.maximum.reduceat(worth, self.start)
        weight = np.exp((worth - np.repeat(best, self.length)) / temperature)
        total = np.add.reduceat(weight, self.start)
        weight /= np.repeat(total, self.length)
        activity = self.by_row @ weight
        value = float(best.sum() + temperature * np.log(total).sum() + self.cost @ y)
        gradient = self.cost - np.concatenate([activity[self.upper], -activity[self.lower]])
        return value / self.typical, gradient / self.typical

    def minimise(
        self, deadline: float, start: Prices | None = None, tell: Callable[[Found], None] | None = None
    ) -> Found:
        """Lower the bound until it settles or the deadline (`time.monotonic`) passes; every bound told is proven."""
        y = np.zeros(len(self.cost)) if start is None else self.vector(start)
        found = self._prove(y)
        if tell is not None:
            tell(found)
        box = [(0.0, limit if np.isfinite(limit) else None) for limit in self.limits]
        for share in COOLING:
            if len(y) == 0 or time.monotonic() > deadline:
                break
            y = self._descend(y, share * self.typical, box, deadline)
            better = self._prove(y)
            gained = found.bound - better.bound
            if gained > 0:
                found = better
                if tell is not None:
                    tell(found)
            if share < COOLING[1] and 0 <= gained < SETTLED * abs(found.bound):
                break
        return found

    def _prove(self, y: Floats) -> Found:
        prices = self.prices(y)
        return Found(prices, upper_bound(self.formulation, prices))

    def _descend(
        self, y: Floats, temperature: float, box: list[tuple[float, float | None]], deadline: float
    ) -> npt.NDArray[np.float64]:
        latest = y

        def evaluate(point: Floats) -> tuple[float, Floats]:
            if time.monotonic() > deadline:
                raise _OutOfTime
            return self.smooth(point, temperature)

        def keep(point: Floats) -> None:
            nonlocal latest
            latest = point.copy()

        options: dict[str, Any] = {"maxiter": STEPS, "maxcor": 20, "ftol": 0.0, "gtol": 1e-9}
        minimise: Any = optimize.minimize
        try:
            result = minimise(evaluate, y, jac=True, method="L-BFGS-B", bounds=box, callback=keep, options=options)
        except _OutOfTime:
            return latest
        return np.asarray(result.x)
