"""The headline: the status in words, and the few numbers that everybody asks for."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.payload.plan import Plan
from coverplan.report.facts import Facts
from coverplan.wording.statuses import BADGES, CLOSENESS, STOPPED, VERDICTS
from coverplan.wording.words import (
    SPACE,
    count,
    listing,
    money_at_most,
    percent,
    percent_at_most,
    seconds,
    short_money,
    short_money_at_most,
    words,
)

ABSURD = 10.0
"""A relative gap beyond this says only that the objective is near 0; the amount says it better."""


@dataclass(frozen=True)
class Tile:
    """One number with its name and a line about it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Headline:
    """Verdict and tiles; `mood` is good, fair, bad or plain."""

    badge: str
    mood: str
    verdict: str
    explanation: str
    tiles: list[Tile]
    upheaval: str | None = None
    """What stands before everything else, where much of the revenue moves."""


def headline(plan: Plan, missed_hard: int, facts: Facts) -> Headline:
    """The first screen."""
    badge, mood, verdict, explanation = _verdict(plan, missed_hard, facts)
    tiles = [
        *_objective(plan, facts),
        *_gap(plan, facts),
        *_today(plan, facts),
        *_moves(plan, facts),
        *_uncovered(plan),
    ]
    upheaval = None if plan.upheaval is None else plan.upheaval.message
    return Headline(badge, mood, verdict, explanation, tiles, upheaval)


def _verdict(plan: Plan, missed_hard: int, facts: Facts) -> tuple[str, str, str, str]:
    if plan.method.used == "evaluated":
        return _measured(plan, missed_hard)
    if plan.solution_status == "infeasible":
        closest = "Below is the assignment that breaks them least. It is not a plan." if plan.least_violating else ""
        return BADGES["infeasible"], "bad", VERDICTS["infeasible"], closest
    if plan.objective is None:
        return BADGES["no_solution_found"], "bad", VERDICTS["no_solution_found"], ""
    return _worth(plan, short_money(plan.objective.value, facts.currency), facts)


def _worth(plan: Plan, worth: str, facts: Facts) -> tuple[str, str, str, str]:
    if plan.solution_status == "optimal":
        return BADGES["optimal"], "good", f"A plan worth {worth}. {VERDICTS['optimal']}", ""
    badge = BADGES["feasible"]
    if plan.absolute_gap is None or plan.gap is None:
        return badge, "fair", f"A plan worth {worth}.", "How much better a plan could be is not proven."
    better = f"A better plan may exist, worth at most {money_at_most(plan.absolute_gap, facts.currency)} more."
    if plan.gap > ABSURD:
        return badge, "fair", f"A plan worth {worth}.", better
    proven = f"A plan worth {worth}, proven within {percent_at_most(plan.gap)} of the best possible."
    return badge, "good", proven, better


def _measured(plan: Plan, missed_hard: int) -> tuple[str, str, str, str]:
    note = "Given assignments, measured by the policy. Nothing was solved, so there is no bound and no gap."
    if plan.solution_status == "feasible":
        return "Measured", "plain", "This assignment keeps all hard rules.", note
    verdict = (
        f"This assignment breaks hard rules in {count(missed_hard, 'place')}."
        if missed_hard
        else "This assignment is not admissible."
    )
    return "Measured", "bad", verdict, note


def _objective(plan: Plan, facts: Facts) -> list[Tile]:
    if plan.objective is None:
        if plan.dual_bound is None:
            return []
        bound = short_money_at_most(plan.dual_bound, facts.currency)
        return [Tile("Upper bound", bound, "no plan can be worth more")]
    note = "expected revenue less losses, costs and penalties"
    return [Tile("Objective", short_money(plan.objective.value, facts.currency), note)]


def _gap(plan: Plan, facts: Facts) -> list[Tile]:
    if plan.objective is None or plan.gap is None or plan.absolute_gap is None:
        return []
    if plan.solution_status == "optimal":
        return [Tile("Proven gap", percent_at_most(plan.gap), "no better plan exists")]
    amount = money_at_most(plan.absolute_gap, facts.currency)
    if plan.gap > ABSURD:
        return [Tile("Proven gap", amount, "between this plan and the upper bound")]
    return [Tile("Proven gap", percent_at_most(plan.gap), f"at most {amount} better is possible")]


def _today(plan: Plan, facts: Facts) -> list[Tile]:
    """Against today's assignment under the same policy: revenue won or lost, and apart from it penalties saved."""
    change = plan.against_today
    if change is None:
        return []
    broken = f"; today breaks {listing(change.broken)}" if change.broken else ""
    net = "expected revenue less losses and costs" + broken
    tiles = [Tile("Revenue against today", _signed(change.revenue, facts), net)]
    soft = [term for term in change.terms if term.term == "penalty"]
    if soft:
        worth = [f"{term.constraint} {_signed(term.value, facts)}" for term in soft if abs(term.value) >= 0.005]
        note = f"prices of soft rules, not revenue{': ' if worth else ''}{listing(worth)}"
        tiles.append(Tile("Penalties saved", _signed(change.penalties_saved, facts), note))
    return tiles


def _signed(amount: float, facts: Facts) -> str:
    """An amount of change: with its sign, gains too."""
    sign = "+" if amount > 0 else ""
    return short_money(amount, facts.currency).replace(SPACE, f"{SPACE}{sign}", 1)


def _moves(plan: Plan, facts: Facts) -> list[Tile]:
    summary = plan.summary
    if summary is None:
        return []
    what = "Seats" if facts.several_roles else "Accounts"
    parts = [f"{percent(summary.moved_share)} of those whose rep can stay"]
    if summary.moved_revenue:
        parts.append(f"{short_money(summary.moved_revenue, facts.currency)} of revenue")
    if summary.dropped:
        parts.append(f"{summary.dropped:,} of them are left uncovered")
    if summary.forced:
        parts.append(f"{summary.forced:,} more are forced to move")
    note = "nothing moves" if not summary.moved and not summary.forced else "; ".join(parts)
    note += _ties(plan)
    return [Tile(f"{what} that move", f"{summary.moved:,}", note)]


def _ties(plan: Plan) -> str:
    """How close to today the plan is among those of equal worth, and what was taken back for it."""
    found = plan.towards_today
    if found is None:
        return ""
    undone = f"; {count(found.undone, 'worthless change')} undone" if found.undone else ""
    return f"{undone}; {CLOSENESS[found.scope]}"


def _uncovered(plan: Plan) -> list[Tile]:
    summary = plan.summary
    if summary is None:
        return []
    seats = count(summary.seats, "seat")
    note = f"every one of {seats} has a rep" if not summary.uncovered else f"of {seats}"
    return [Tile("Uncovered", f"{summary.uncovered:,}", note)]


def provenance(plan: Plan, facts: Facts) -> list[tuple[str, str]]:
    """Where the plan comes from: what identifies and reproduces it."""
    method = {"exact": "exact: the whole program", "priced": "priced", "evaluated": "evaluated, not solved"}
    took = ", ".join(f"{words(name)} {seconds(value)}" for name, value in plan.metrics.seconds.items())
    reproducible = {True: "yes", False: "no: the wall clock ended the search, or one that it began with", None: ""}[
        plan.reproducible
    ]
    metrics = plan.metrics
    size = (
        f"{metrics.seats:,} seats, {metrics.pairs:,} admissible pairs, {metrics.rows:,} rows" if metrics.pairs else ""
    )
    memory = "" if metrics.peak_memory_mb is None else f"{metrics.peak_memory_mb:,.0f}{SPACE}MB"
    entries = [
        ("Policy", facts.policy.name or ""),
        ("Horizon", f"{facts.problem.horizon.months} months from {facts.problem.horizon.start}"),
        (
            "Method",
            method[plan.method.used]
            + (f", with {plan.method.backend}" if plan.method.backend not in {None, "none"} else ""),
        ),
        ("Why this method", plan.method.why),
        ("Stopped because", STOPPED.get(plan.stopped_by or "", "")),
        ("Size", size),
        ("Time", took),
        ("Peak memory", memory),
        ("Seed", f"{plan.seed}" if plan.method.used != "evaluated" else ""),
        ("Reproducible", reproducible),
        ("Run", plan.run_id or ""),
        ("Problem", plan.problem_hash),
        ("Policy hash", plan.policy_hash),
        ("Versions", ", ".join(f"{name} {version}" for name, version in plan.versions.items())),
    ]
    return [(name, value) for name, value in entries if value]
