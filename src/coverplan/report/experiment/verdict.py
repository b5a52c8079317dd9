"""The reference objective and what it decides: an interval per policy, and each two policies."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.payload.experiments.parts import Reference
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.verdicts import Difference, PairVerdict, PolicyInterval
from coverplan.report.experiment.units import NOTHING, Units
from coverplan.wording.words import listing, number, sentence

SHOWN_PAIRS = 300


@dataclass(frozen=True)
class IntervalLine:
    """One policy under the reference objective."""

    policy: str
    currency: str
    """Empty where there is one."""
    low: str
    high: str
    width: str
    own_least: str
    own_most: str
    ends: tuple[float | None, float | None]
    note: str
    winner: bool


@dataclass(frozen=True)
class PairLine:
    """Two policies under the reference objective."""

    a: str
    b: str
    currency: str
    outcome: str
    margin: str
    own: str
    """The same by what their own objectives take."""
    chance: str
    decided: bool


@dataclass(frozen=True)
class VerdictView:
    """The objective in words, all intervals, and the first pairs."""

    weights: str
    soft: list[str]
    lines: list[IntervalLine]
    own: bool
    """Whether something is known of what own objectives take, beyond what hard rules say."""
    several: bool
    """Whether there are several currencies."""
    pairs: list[PairLine]
    rest: int


def verdict_view(results: ExperimentResults, units: Units) -> VerdictView:
    """The section of the verdict."""
    same = {one.policy_id: one.same_as for one in results.policies}
    lines = [
        line
        for one in results.verdict.intervals
        for line in _lines(one, same.get(one.policy_id), one.policy_id == results.verdict.winner, units)
    ]
    pairs = results.verdict.by_pair
    without = {one.policy_id for one in results.verdict.intervals if one.infeasible}
    return VerdictView(
        weights=_weights(results.reference, units),
        soft=[rule.describe(units.currency) for rule in results.reference.constraints],
        lines=lines,
        own=any(one.own_most is not None and one.own_most != one.high for one in results.verdict.intervals),
        several=any(one.by_currency for one in results.verdict.intervals),
        pairs=[line for one in pairs[:SHOWN_PAIRS] for line in _pairs(one, without, units)],
        rest=max(0, len(pairs) - SHOWN_PAIRS),
    )


def _lines(one: PolicyInterval, twin: str | None, won: bool, units: Units) -> list[IntervalLine]:
    """One line, or one per currency."""
    note = sentence(
        ["no plan keeps its rules: infeasible" if one.infeasible else "", f"the same as {twin}" if twin else ""]
    )
    if not one.by_currency:
        own = units.at_least(one.own_least), units.at_most(one.own_most)
        return [_line(one.policy_id, "", one.low, one.high, own, note, won, units)]
    return [
        _line(one.policy_id, part.currency, part.low, part.high, (NOTHING, NOTHING), note, won, Units(part.currency))
        for part in one.by_currency
    ]


def _line(
    policy: str,
    currency: str,
    low: float | None,
    high: float | None,
    own: tuple[str, str],
    note: str,
    won: bool,
    units: Units,
) -> IntervalLine:
    width = None if low is None or high is None else max(0.0, high - low)
    shown = units.at_least(low), units.at_most(high), units.at_most(width)
    return IntervalLine(policy, currency, *shown, *own, (low, high), note, won)


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


def _pairs(one: PairVerdict, without: set[str], units: Units) -> list[PairLine]:
    """One line, and one per currency where there are several."""
    missing = [name for name in (one.a, one.b) if name in without]
    none = f"no plan: {listing(missing)}" if missing else ""
    margin = none or (NOTHING if one.by_currency else units.between(one.low, one.high))
    own = (
        NOTHING
        if missing or (one.own_low is None and one.own_high is None)
        else units.between(one.own_low, one.own_high)
    )
    outcome = _outcome(one.outcome, one)
    outcome += " by what their own objectives take" if one.by == "own_objective" else ""
    whole = PairLine(
        one.a,
        one.b,
        "all" if one.by_currency else "",
        outcome,
        margin,
        own,
        _chance(one.difference, units),
        one.by is not None,
    )
    return [
        whole,
        *(
            PairLine(
                one.a,
                one.b,
                part.currency,
                _outcome(part.outcome, one),
                none or Units(part.currency).between(part.low, part.high),
                NOTHING,
                _chance(part.difference, Units(part.currency)),
                part.outcome in {"a", "b"},
            )
            for part in one.by_currency
        ),
    ]


def _outcome(outcome: str, one: PairVerdict) -> str:
    words = {"a": f"{one.a} is better", "b": f"{one.b} is better", "same": "the same policy"}
    return words.get(outcome, outcome)


def _chance(found: Difference | None, units: Units) -> str:
    """The mean difference with its interval, where there is one."""
    if found is None or found.low is None:
        return ""
    low, high = (units.change(end, "currency") for end in (found.low, found.high))
    return f"{units.change(found.difference, 'currency')} ({low} to {high})"
