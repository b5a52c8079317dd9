"""Policies that follow from one: its hard rules under the reference objective, or within the bounds of a frontier."""

from __future__ import annotations

from collections.abc import Callable

from coverplan.constraints import Constraint
from coverplan.constraints.balance import Balance
from coverplan.constraints.coverage import Coverage
from coverplan.constraints.keep_current import KeepCurrent
from coverplan.payload.experiments.parts import FrontierAxis, FrontierRequest, Reference
from coverplan.payload.policy import ObjectiveWeights, Policy

WEIGHTS = {
    "net_revenue": ObjectiveWeights(),
    "expected_revenue": ObjectiveWeights(relationship_loss=0.0),
    "relationship_loss": ObjectiveWeights(expected_revenue=0.0),
}
Bounds = tuple[float, ...]
"""One per axis of a frontier."""


def judges_itself(policy: Policy, reference: Reference) -> bool:
    """Whether the policy's own objective is the reference."""
    own = sorted(_bare(rule) for rule in policy.rules() if rule.penalty)
    wanted = sorted(_bare(rule) for rule in reference.constraints if rule.penalty)
    return policy.objective == reference.objective and own == wanted


def referred(policy: Policy, reference: Reference) -> Policy:
    """The policy's hard rules with the reference as objective; equal hard rules give equal policies."""
    hard = sorted((rule for rule in policy.rules() if rule.penalty is None), key=_bare)
    soft = [rule for rule in reference.constraints if rule.penalty]
    rules = [rule.model_copy(update={"id": None}) for rule in (*hard, *soft)]
    update = {"name": None, "objective": reference.objective, "constraints": rules}
    return policy.model_copy(update=update)


def within(policy: Policy, asked: FrontierRequest, bounds: Bounds, reference: Reference) -> Policy:
    """The policy's hard rules and the bounds, with what is made best as objective."""
    rules: list[Constraint] = [rule for rule in policy.rules() if rule.penalty is None]
    for axis, bound in zip(asked.bounds, bounds, strict=True):
        replaced = _balances(policy, axis)
        rules = [rule for rule in rules if rule not in replaced]
        hard = {"tolerance": bound, "penalty": None}
        rules += [rule.model_copy(update=hard) for rule in replaced] or [_limit(axis, bound)]
    if asked.maximise == "reference":
        rules += [rule for rule in reference.constraints if rule.penalty]
        weights = reference.objective
    else:
        weights = WEIGHTS[asked.maximise]
    bare = [rule.model_copy(update={"id": None}) for rule in rules]
    return policy.model_copy(update={"name": None, "objective": weights, "constraints": bare})


def _balances(policy: Policy, axis: FrontierAxis) -> list[Constraint]:
    """The policy's own rules that the bound of a balance replaces: whom they balance stays."""
    if axis.metric != "balance":
        return []
    return [rule for rule in policy.rules() if isinstance(rule, Balance) and rule.measure == axis.measure]


def _limit(axis: FrontierAxis, bound: float) -> Constraint:
    """The hard rule that keeps a metric within its bound."""
    limits: dict[str, Callable[[], Constraint]] = {
        "balance": lambda: Balance(measure=axis.measure, tolerance=bound),
        "moved_share": lambda: KeepCurrent(max_moved_share=bound),
        "moved_revenue_share": lambda: KeepCurrent(max_moved_revenue_share=bound),
        "uncovered_share": lambda: Coverage(min_share=1.0 - bound),
    }
    return limits[axis.metric]()


def _bare(rule: Constraint) -> str:
    """A rule without its id, as text."""
    return rule.model_dump_json(exclude={"id"})
