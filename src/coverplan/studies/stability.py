"""Stability: how often the seats of a plan keep their rep when perturbed problems are solved again."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Floats, Ints


def persistence(plan: Ints, others: Ints) -> Floats:
    """Per seat: the share of other plans, (plans, seats), that give it the same rep (or none, as the plan does)."""
    return np.asarray((others == plan[None, :]).mean(axis=0), np.float64)


def least_stable(shares: Floats, revenue: Floats, most: int) -> Ints:
    """At most so many seats that do not always persist: least share first, then most revenue."""
    moving = np.flatnonzero(shares < 1)
    return moving[np.lexsort((-revenue[moving], shares[moving]))][:most].astype(np.int32)
