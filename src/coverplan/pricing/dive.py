"""Diving on the knapsack bound: settle the units that its solutions agree on, lower the rest's bound again, go on.

What makes a dense GAP hard is that every capacity must end up full; prices that follow each decision keep the rest
fillable, where fixing all units at once by the first prices does not.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.mip.program import Limits
from coverplan.pricing.knapsack import Integers, Knapsacks, tighten
from coverplan.pricing.knapsack_program import part_of
from coverplan.solvers.registry import backend

FEWEST_STEPS, STEPS, STEPS_UNITS = 6, 25, 200
"""Subgradient steps after each decision: so many up to so many units left, and fewer beyond, where a step is dear."""
LEAST_SHARE, MOST_SHARE = 0.06, 0.4
"""Shares of the units left that one decision settles: at least, and at most where the solutions agree."""
AGREED = 0.97
DISTURBANCE = 0.1
"""Typical size of the random shares added, so that two dives differ."""
WIDTH = 6
"""Reps per unit, those of least loss, in the program that ends a dive."""


def dive(
    knapsacks: Knapsacks, prices: Floats, distance: float, least: int, limits: Limits, seconds: float, seed: int
) -> Integers | None:
    """A rep for each unit (-1: uncovered) from prices of the units; None where the dive ends without a plan.

    Units are settled until at most `least` are left; `seconds` of branch and bound decide those. `distance` scales
    the steps as in `tighten`. The limits are those of the whole.
    """
    deadline, rng = time.monotonic() + limits.time_limit_s, np.random.default_rng(seed)
    rep, disturbance = np.full(len(prices), -1, np.int64), DISTURBANCE * rng.exponential()
    left, rest = np.arange(len(prices)), knapsacks
    while len(left) > least and time.monotonic() < deadline:
        steps = max(FEWEST_STEPS, min(STEPS, STEPS * STEPS_UNITS // len(left)))
        ascent = tighten(rest, prices, distance, deadline, steps)
        share = ascent.share + disturbance * rng.random(ascent.share.shape)
        settled, capacity = _settle(rest, share)
        if not settled.any():
            break
        rep[left[settled]] = share[:, settled].argmax(axis=0)
        keep = np.flatnonzero(~settled)
        left, prices, rest = left[keep], ascent.prices[keep], rest.rest(keep, capacity)
    seconds = min(seconds, deadline - time.monotonic())
    if len(left) == 0 or seconds <= 0.0:
        return rep if len(left) == 0 else None
    losses, _ = rest.losses(prices)
    near = losses.argsort(axis=0).argsort(axis=0) < WIDTH
    part = part_of(rest, near & np.isfinite(losses))
    result = backend("cp_sat").solve(part.program, replace(limits, time_limit_s=seconds))
    if result.x is None:
        return None
    rep[left] = part.plan(result.x)
    return rep


def _settle(rest: Knapsacks, share: Floats) -> tuple[Bools, Integers]:
    """The units of clearest share, as far as their reps have room, and the room left."""
    n_units = share.shape[1]
    clear, rep = share.max(axis=0), share.argmax(axis=0)
    agreed = int((clear >= AGREED).sum())
    count = int(np.clip(agreed, np.ceil(LEAST_SHARE * n_units), np.ceil(MOST_SHARE * n_units)))
    order = np.argsort(np.abs(share.sum(axis=0) - 1.0) - clear)[:count]
    taken = np.zeros((len(rest.capacity), count), np.int64)
    taken[rep[order], np.arange(count)] = rest.weight[rep[order], order]
    fits = np.cumsum(taken, axis=1)[rep[order], np.arange(count)] <= rest.capacity[rep[order]]
    fits &= np.isfinite(rest.value[rep[order], order])
    settled = np.zeros(n_units, np.bool_)
    settled[order[fits]] = True
    used = np.bincount(rep[order[fits]], rest.weight[rep[order[fits]], order[fits]], len(rest.capacity))
    return settled, rest.capacity - used.astype(np.int64)
