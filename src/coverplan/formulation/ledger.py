"""The ledger: what a choice earns and costs, term by term, and how every row stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice
from coverplan.mip.feasibility import rounding, tolerance
from coverplan.mip.rows import violation

ROUNDING = 1e-12
"""Share of a bound that sums of floats may miss it by."""


@dataclass(frozen=True, eq=False)
class RuleState:
    """All rows of one rule as a plan leaves them."""

    rule: Constraint
    labels: tuple[str, ...]
    activity: Floats
    lower: Floats
    upper: Floats
    sizes: Floats
    """What each row adds up to, signs aside."""

    @property
    def violation(self) -> Floats:
        """By how much each row is missed; what rounding leaves counts as 0."""
        missed = violation(self.activity, self.lower, self.upper)
        size = np.where(self.activity > self.upper, self.upper, self.lower)
        return np.where(missed <= ROUNDING * np.maximum(1.0, np.abs(size)), 0.0, missed)

    @property
    def broken(self) -> Bools:
        """Rows missed by more than the tolerance."""
        return self._missed_by_more_than(tolerance)

    @property
    def overdrawn(self) -> Bools:
        """Rows missed by more than rounding explains, within the tolerance or not."""
        return self._missed_by_more_than(rounding)

    def _missed_by_more_than(self, measure: Callable[[Floats, Floats], Floats]) -> Bools:
        beyond = self.activity - self.upper > measure(self.upper, self.sizes)
        return beyond | (self.lower - self.activity > measure(self.lower, self.sizes))

    @property
    def cost(self) -> float:
        """Penalty of a soft rule in money; 0 for a hard one."""
        return (self.rule.penalty or 0.0) * float(self.violation.sum())


@dataclass(frozen=True, eq=False)
class Ledger:
    """The account of one choice."""

    terms: tuple[tuple[str, str | None, float], ...]
    """(term, constraint id or None, money)."""
    rules: tuple[RuleState, ...]
    chosen: Bools
    """Per pair."""
    rep_of_seat: Ints
    """-1: uncovered."""

    @property
    def objective(self) -> float:
        return float(sum(amount for _, _, amount in self.terms))

    @property
    def feasible(self) -> bool:
        """Every hard row holds within the tolerance."""
        return not any(state.broken.any() for state in self.rules if state.rule.penalty is None)

    @property
    def exact(self) -> bool:
        """Every hard row holds without its tolerance, so that no bound that prices prove lies below the objective."""
        return not any(state.overdrawn.any() for state in self.rules if state.rule.penalty is None)


def ledger(formulation: Formulation, choice: Choice) -> Ledger:
    """Recompute everything from the choice alone, never from solver floats."""
    pairs = formulation.pairs
    taken = np.zeros(pairs.n_columns, np.bool_)
    taken[choice[choice >= 0]] = True
    chosen = taken[pairs.column]
    at = taken.astype(np.float64), (choice < 0).astype(np.float64)
    rep_of_seat = np.full(len(pairs.book.seats), -1, np.int32)
    rep_of_seat[pairs.seat[chosen]] = pairs.rep[chosen]
    idle = rep_of_seat < 0
    states: dict[int, RuleState] = {}
    for rows in (formulation.priced, formulation.separable):
        activity, sizes = rows.activity(*at), rows.sizes(*at)
        for part in rows.rules:
            span = part.span
            states[id(part.rule)] = RuleState(
                part.rule, part.labels, activity[span], rows.lower[span], rows.upper[span], sizes[span]
            )
    for rule, links in formulation.linked:
        unbounded = np.full(len(links.limit), -np.inf)
        activity = links.activity(rep_of_seat)
        states[id(rule)] = RuleState(rule, links.labels, activity, unbounded, links.limit, activity)
    rules = tuple(states[id(rule)] for rule in formulation.rules)
    terms = [(term, None, amount) for term, amount in formulation.weights.terms(pairs, chosen, idle)]
    penalties = [("penalty", state.rule.id, 0.0 - state.cost) for state in rules if state.rule.penalty is not None]
    return Ledger((*terms, *penalties), rules, chosen, rep_of_seat)
