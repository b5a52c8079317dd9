"""Penalties beside the money that they are weighed against."""

from __future__ import annotations

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.domain.candidates import Candidates
from coverplan.formulation.objective import Weights
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.policy import Policy

SWAMPED = 1e6
"""How many of the best assignments one violation outweighs before money is as good as gone.

A float holds fifteen digits, a solver nine of them: beyond a million, sums of a thousand accounts lose their cents.
"""
OUTWEIGHS = 100
"""How many of the best assignments a violation outweighs at the penalty that is suggested: few rules are worth more."""


def check_penalties(report: IssueReport, pairs: Candidates, policy: Policy, at: str) -> None:
    """Warn of penalties beside which the money does not count, which a hard rule says better."""
    weights, book = policy.objective, pairs.book
    worth = Weights(weights.expected_revenue, weights.relationship_loss, weights.travel_cost_per_km).of_pairs(pairs)
    most = float(np.abs(worth).max(initial=0.0))
    if most == 0.0:
        return
    measures = (pairs.hours, book.revenue, pairs.instance.accounts.potential, worth)
    widest = max(1.0, *(float(np.abs(measure).max(initial=0.0)) for measure in measures))
    for row, rule in enumerate(policy.rules()):
        if rule.penalty is None or rule.penalty * widest <= SWAMPED * most:
            continue
        size = _violation(rule, pairs)
        enough = OUTWEIGHS * most / size
        if rule.penalty * size > SWAMPED * most:
            report.add(
                "penalty_swamps_money",
                pointer(at, ["constraints", row, "penalty"]),
                value=rule.penalty,
                entity=("constraint", rule.id),
                cost=f"{rule.penalty * size:,.3g}",
                most=f"{most:,.3g}",
                suggestion=f"Leave the penalty out, which makes the rule hard, or lower it: at {_round(enough)} one "
                f"violation still outweighs {OUTWEIGHS} of the best assignments.",
            )


def _round(amount: float) -> str:
    """Two digits of it."""
    return f"{float(f'{amount:.2g}'):,.10g}"


def _violation(rule: Constraint, pairs: Candidates) -> float:
    """Units by which the largest assignment alone may violate a rule."""
    block = rule.rows(pairs)
    if block is None or not len(block.coefficient):
        return 1.0
    return float(np.abs(block.coefficient).max()) or 1.0
