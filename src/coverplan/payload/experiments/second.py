"""Second solves: what a policy's own objective admits by the reference.

Let f be a policy's own objective, g the reference, z what the plans found are worth by f. The plans that keep the hard
rules with f(x) >= z are those that the policy holds at least as good; its optimal plans are among them. For any m > 0
and Z no plan's g + m f exceeds, each of them has

    g(x) <= Z - m f(x) <= Z - m z,    and by a bound Z of m f - g    g(x) >= m f(x) - Z >= m z - Z.

That is the Lagrangian relaxation of the row f(x) >= z at multiplier m. Both sums are objectives of ordinary policies:
weights and penalties are added. So their bounds are found, certified and verified like all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coverplan.constraints import Constraint
from coverplan.constraints.balance import Balance
from coverplan.payload.experiments.cells import rule_content
from coverplan.payload.experiments.parts import Reference
from coverplan.payload.policy import ObjectiveWeights, Policy
from coverplan.studies.comparison import rounding_of

Side = Literal["most", "least"]
SLACK, MOST = 1e-3, 1000.0
"""A multiplier m lets plans in that are worse by d by the own objective and better by m d by the reference; but gaps
of the solves count m times. These weigh the one against the other."""
WEIGHTS = ("expected_revenue", "relationship_loss", "travel_cost_per_km")


@dataclass(frozen=True)
class SecondSolve:
    """A policy whose objective is (g + m f) / scale, or (m f - g) / scale."""

    policy: Policy
    multiplier: float
    scale: float
    sign: float
    """1: g counts for, -1: against."""

    def own(self, objective: float, worth: float) -> float:
        """f of a plan with this objective and this g."""
        return (self.scale * objective - self.sign * worth) / self.multiplier

    def reach(self, bound: float, found: float) -> float:
        """Z - m z, rounded up: how far g, or -g, can reach where f is at least `found`."""
        rest = self.scale * bound - self.multiplier * found
        ends = np.array([self.scale * bound, self.multiplier * found, rest])
        noise = self.scale * rounding_of(bound) + float(np.abs(ends).max()) * 1e-12
        return rest + noise if math.isfinite(rest) else math.inf


def solves(policy: Policy, reference: Reference, relative_gap: float) -> list[tuple[Side, SecondSolve]]:
    """The solves that bound the reference from above, and from below where that can be done."""
    m = min(MOST, max(1.0, math.sqrt(SLACK / max(relative_gap, 1e-9))))
    lowest = least(policy, reference, m)
    found: list[tuple[Side, SecondSolve]] = [("most", most(policy, reference, m))]
    return found if lowest is None else [*found, ("least", lowest)]


def most(policy: Policy, reference: Reference, m: float) -> SecondSolve:
    """What bounds the reference from above."""
    own, wanted, scale = policy.objective, reference.objective, 1.0 + m
    weights = {name: (getattr(wanted, name) + m * getattr(own, name)) / scale for name in WEIGHTS}
    penalties = _Penalties()
    for rule in _soft(policy.rules()):
        penalties.add(rule, m * _penalty(rule) / scale)
    for rule in _soft(reference.constraints):
        penalties.add(rule, _penalty(rule) / scale)
    return SecondSolve(_policy(policy, weights, penalties), m, scale, 1.0)


def least(policy: Policy, reference: Reference, m: float) -> SecondSolve | None:
    """What bounds the reference from below; None where m f - g is no objective of a policy.

    That is so where the reference weighs, or penalises, what the policy's own objective does not look at.
    """
    own, wanted = policy.objective, reference.objective
    ratios = [_ratio(getattr(wanted, name), getattr(own, name)) for name in WEIGHTS]
    soft, hard = _soft(policy.rules()), [rule for rule in policy.rules() if rule.penalty is None]
    owed = [0.0] * len(soft)
    for rule in _soft(reference.constraints):
        if any(_implies(one, rule) for one in hard):
            continue  # its violation is 0 in every plan
        places = [place for place, one in enumerate(soft) if _implies(one, rule)]
        if not places:
            return None
        best = max(places, key=lambda place: (_content(soft[place]) == _content(rule), _penalty(soft[place])))
        owed[best] += _penalty(rule)
    ratios += [_ratio(amount, _penalty(rule)) for amount, rule in zip(owed, soft, strict=True)]
    if not all(map(math.isfinite, ratios)):
        return None
    m = max(m, 2.0, 2.0 * max(ratios))
    weights = {name: (m * getattr(own, name) - getattr(wanted, name)) / m for name in WEIGHTS}
    penalties = _Penalties()
    for rule, amount in zip(soft, owed, strict=True):
        penalties.add(rule, (m * _penalty(rule) - amount) / m)
    return SecondSolve(_policy(policy, weights, penalties), m, m, -1.0)


class _Penalties:
    """Soft rules by content: equal ones are one, and their penalties add up."""

    def __init__(self) -> None:
        self._rules: dict[str, tuple[Constraint, float]] = {}

    def add(self, rule: Constraint, penalty: float) -> None:
        text = _content(rule)
        self._rules[text] = (rule, self._rules[text][1] + penalty if text in self._rules else penalty)

    def rules(self) -> list[Constraint]:
        return [
            rule.model_copy(update={"id": None, "penalty": penalty})
            for _, (rule, penalty) in sorted(self._rules.items())
            if penalty > 0
        ]


def _policy(policy: Policy, weights: dict[str, float], penalties: _Penalties) -> Policy:
    """The policy's hard rules with another objective."""
    hard = sorted((rule for rule in policy.rules() if rule.penalty is None), key=_content)
    rules = [*(rule.model_copy(update={"id": None}) for rule in hard), *penalties.rules()]
    return policy.model_copy(update={"name": None, "objective": ObjectiveWeights(**weights), "constraints": rules})


def _implies(one: Constraint, other: Constraint) -> bool:
    """Whether the first rule is violated by at least as much as the second one in each plan."""
    if isinstance(one, Balance) and isinstance(other, Balance) and one.tolerance <= other.tolerance:
        one = one.model_copy(update={"tolerance": other.tolerance})
    return _content(one) == _content(other)


def _soft(rules: Iterable[Constraint]) -> list[Constraint]:
    return [rule for rule in rules if rule.penalty]


def _penalty(rule: Constraint) -> float:
    return rule.penalty or 0.0


def _content(rule: Constraint) -> str:
    """What a rule says, its penalty left aside, as text."""
    return rule_content(rule.model_dump(mode="json", exclude={"penalty"}))


def _ratio(wanted: float, own: float) -> float:
    if wanted <= 0:
        return 0.0
    return wanted / own if own > 0 else math.inf
