"""The reference objective and what it decides: an interval per policy, and each two policies."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.payload.experiments.parts import Reference
from coverplan.payload.experiments.results import ExperimentResults, PairVerdict
from coverplan.report.experiment.units import Units
from coverplan.report.phrases import describe
from coverplan.report.words import listing, number, sentence

SHOWN_PAIRS = 300


@dataclass(frozen=True)
class IntervalLine:
    """One policy under the reference objective."""

    policy: str
    low: str
    high: str
    width: str
    note: str
    winner: bool


@dataclass(frozen=True)
class PairLine:
    """Two policies under the reference objective."""

    a: str
    b: str
    outcome: str
    margin: str
    chance: str
    decided: bool


@dataclass(frozen=True)
class VerdictView:
    """The objective in words, all intervals, and the first pairs."""

    weights: str
    soft: list[str]
    lines: list[IntervalLine]
    pairs: list[PairLine]
    rest: int


def verdict_view(results: ExperimentResults, units: Units) -> VerdictView:
    """The section of the verdict."""
    same = {one.policy_id: one.same_as for one in results.policies}
    lines = []
    for one in results.verdict.intervals:
        twin = same.get(one.policy_id)
        width = None if one.low is None or one.high is None else max(0.0, one.high - one.low)
        notes = ["no plan keeps its rules" if one.infeasible else "", f"the same as {twin}" if twin else ""]
        won = one.policy_id == results.verdict.winner
        low, high = units.at_least(one.low), units.at_most(one.high)
        lines.append(IntervalLine(one.policy_id, low, high, units.at_most(width), sentence(notes), won))
    pairs = results.verdict.by_pair
    without = {one.policy_id for one in results.verdict.intervals if one.infeasible}
    return VerdictView(
        weights=_weights(results.reference, units),
        soft=[describe(rule, units.currency) for rule in results.reference.constraints],
        lines=lines,
        pairs=[_pair(one, without, units) for one in pairs[:SHOWN_PAIRS]],
        rest=max(0, len(pairs) - SHOWN_PAIRS),
    )


def _weights(reference: Reference, units: Units) -> str:
    """The weighted sum."""
    weights = reference.objective
    terms = [
        (weights.expected_revenue, "expected revenue"),
        (-weights.relationship_loss, "relationship loss"),
        (-weights.travel_cost_per_km, f"km ({units.currency} per km)" if units.currency else "km"),
    ]
    text = ""
    for weight, name in terms:
        if weight:
            sign = ("less " if text else "minus ") if weight < 0 else "plus " if text else ""
            times = "" if abs(weight) == 1 else f"{number(abs(weight))} \u00d7 "
            text += f"{' ' if text else ''}{sign}{times}{name}"
    text = text or "nothing"
    return f"{text}, less penalties of soft rules" if reference.constraints else text


def _pair(one: PairVerdict, without: set[str], units: Units) -> PairLine:
    words = {
        "a": f"{one.a} is better",
        "b": f"{one.b} is better",
        "same": "the same policy",
        "inconclusive": "inconclusive",
    }
    missing = [name for name in (one.a, one.b) if name in without]
    margin = f"no plan: {listing(missing)}" if missing else units.between(one.low, one.high)
    chance = ""
    if one.difference is not None and one.difference.low is not None:
        low, high = (units.change(end, "currency") for end in (one.difference.low, one.difference.high))
        chance = f"{units.change(one.difference.difference, 'currency')} ({low} to {high})"
    return PairLine(one.a, one.b, words[one.outcome], margin, chance, one.outcome in {"a", "b"})
