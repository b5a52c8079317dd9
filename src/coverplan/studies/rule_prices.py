"""Price of a rule: what the best plan gains when the rule is left out, as an interval.

With V in [objective, bound] for the policy and V' likewise without the rule, the price V' - V lies in
[objective' - bound, bound' - objective]. A rule that only forbids has no negative price: the policy's own plan, freed
of the penalty that it pays for the rule, is a plan without the rule, so V' >= objective + penalty. (A rule that makes
accounts share a rep also admits reps that they would not have alone: its price can be negative.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Solved:
    """What a solve came to: -inf as objective without a plan, +inf as bound without one, -inf as bound: infeasible."""

    objective: float
    bound: float

    @property
    def infeasible(self) -> bool:
        """Proven to have no plan."""
        return self.bound == -math.inf


@dataclass(frozen=True)
class Price:
    """The price lies in [low, high]; None: not proven. `unlocks`: no plan keeps the rule, some plan does without."""

    low: float | None
    high: float | None
    unlocks: bool = False


def price(with_rule: Solved, without: Solved, penalty: float, *, forbids: bool = True) -> Price:
    """The price of a rule that only `forbids`; `penalty` is what the policy's plan pays for breaking it."""
    if with_rule.infeasible:
        return Price(None, None, unlocks=math.isfinite(without.objective))
    best = max(without.objective, with_rule.objective + penalty) if forbids else without.objective
    low = best - with_rule.bound if math.isfinite(best) and math.isfinite(with_rule.bound) else -math.inf
    low = max(0.0, low) if forbids else low
    high = max(low, without.bound - with_rule.objective) if math.isfinite(with_rule.objective) else math.inf
    return Price(low if math.isfinite(low) else None, high if math.isfinite(high) else None)
