"""The balance section: each rep's book today and in the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from coverplan.payload.plan import ConstraintRow, Plan
from coverplan.payload.rollups import RepBook
from coverplan.report.facts import Facts
from coverplan.wording.words import SPACE, listing, number, percent, words

Band = tuple[float | None, float | None]
FULL = 1 + 1e-9
CLOSE = 1e-6


@dataclass(frozen=True)
class BookRow:
    """One rep today and in the plan."""

    rep: str
    role: str
    accounts_today: int
    accounts: int
    revenue_today: float
    revenue: float
    hours_today: float
    hours: float
    capacity: float | None
    kept: int
    gained: int
    lost: int


@dataclass(frozen=True)
class TeamRow:
    """One team in the plan."""

    team: str
    reps: int
    accounts: int
    revenue: float
    hours: float
    capacity: float | None
    gained: int
    lost: int


@dataclass(frozen=True)
class BooksView:
    """Rows of all reps, the largest books first, teams, and what the balance comes to."""

    rows: list[BookRow]
    teams: list[TeamRow]
    findings: list[str]


def books_view(plan: Plan, facts: Facts) -> BooksView:
    """The tables and the sentences."""
    today = facts.books_today
    rows = [
        BookRow(
            rep=facts.rep_name(book.rep_id),
            role=words(rep.role),
            accounts_today=int(today["accounts"][place]),
            accounts=book.accounts,
            revenue_today=float(today["revenue"][place]),
            revenue=book.revenue,
            hours_today=float(today["hours"][place]),
            hours=book.hours,
            capacity=book.capacity_hours,
            kept=book.kept,
            gained=book.gained,
            lost=book.lost,
        )
        for place, (rep, book) in enumerate(zip(facts.problem.reps, plan.reps, strict=True))
    ]
    managers = {manager.id: manager.name or manager.id for manager in facts.problem.managers}
    teams = [
        TeamRow(
            managers.get(team.team_id, team.team_id),
            team.reps,
            team.accounts,
            team.revenue,
            team.hours,
            team.capacity_hours,
            team.gained,
            team.lost,
        )
        for team in plan.teams
    ]
    return BooksView(sorted(rows, key=lambda row: (-row.revenue, row.rep)), teams, _findings(rows, plan, facts))


def books_data(plan: Plan, facts: Facts) -> list[dict[str, Any]]:
    """One entry per rep for the chart: role, today, plan, and the band that a rule sets."""
    bands = _bands(plan, facts)
    today = {name: values.tolist() for name, values in facts.books_today.items()}
    return [
        {
            "name": facts.rep_name(book.rep_id),
            "role": words(rep.role),
            "today": {name: round(today[name][place], 2) for name in ("revenue", "hours", "accounts")},
            "plan": {name: round(_measure(book, name), 2) for name in ("revenue", "hours", "accounts")},
            "capacity": book.capacity_hours,
            "band": {
                name: bands[book.rep_id, name] for name in ("revenue", "accounts") if (book.rep_id, name) in bands
            },
        }
        for place, (rep, book) in enumerate(zip(facts.problem.reps, plan.reps, strict=True))
    ]


def _findings(rows: list[BookRow], plan: Plan, facts: Facts) -> list[str]:
    """What a reader should see in the chart, in words."""
    found = []
    bands = _bands(plan, facts)
    held = [(rep.id, row) for rep, row in zip(facts.problem.reps, rows, strict=True) if (rep.id, "revenue") in bands]
    if len(held) > 1:
        before = sum(_inside(row.revenue_today, bands[rep, "revenue"]) for rep, row in held)
        after = sum(_inside(row.revenue, bands[rep, "revenue"]) for rep, row in held)
        found.append(
            f"{after:,} of {len(held):,} revenue books lie within the band that the policy asks for; "
            f"today {before:,} do."
        )
    limited = [row for row in rows if row.capacity]
    if limited:
        before = sum(row.hours_today > FULL * (row.capacity or 0) for row in limited)
        over = [row.rep for row in limited if row.hours > FULL * (row.capacity or 0)]
        names = f" ({listing(over)})" if over else ""
        found.append(f"{_reps(len(over))} over capacity{names}; today {before:,}.")
        shares = np.array([row.hours / (row.capacity or 1) for row in limited])
        found.append(f"Hours fill {percent(shares.min())} to {percent(shares.max())} of the reps' capacities.")
    waiting = [(facts.rep_name(book.rep_id), book.interim_hours) for book in plan.reps if book.interim_hours > 0]
    if waiting:
        hours = number(sum(hours for _, hours in waiting))
        names = listing([name for name, _ in sorted(waiting, key=lambda one: (-one[1], one[0]))])
        found.append(
            f"{names} {'keep' if len(waiting) > 1 else 'keeps'} accounts until their next rep starts: "
            f"{hours} hours that are in no book."
        )
    return found


def _reps(size: int) -> str:
    return "No rep is" if size == 0 else f"1{SPACE}rep is" if size == 1 else f"{size:,}{SPACE}reps are"


def _inside(value: float, band: Band) -> bool:
    low, high = band
    slack = CLOSE + 1e-9 * max(abs(low or 0.0), abs(high or 0.0))
    return (low is None or value >= low - slack) and (high is None or value <= high + slack)


def _bands(plan: Plan, facts: Facts) -> dict[tuple[str, str], Band]:
    """Bounds per rep and measure, from the rules that bound a whole book."""
    books = {book.rep_id: book for book in plan.reps}
    bands: dict[tuple[str, str], Band] = {}
    for row in plan.constraints:
        rule = facts.rules.get(row.id)
        rep = row.scope.removeprefix("rep:")
        measure = None if rule is None else rule.book_measure
        if measure is not None and rep in books and row.scope != rep and _whole(row, _measure(books[rep], measure)):
            bands.setdefault((rep, measure), (row.lower, row.upper))
    return bands


def _whole(row: ConstraintRow, measured: float) -> bool:
    """Whether the row counts the whole book, not a filtered part of it."""
    return abs(row.activity - measured) <= CLOSE * max(1.0, abs(measured))


def _measure(book: RepBook, name: str) -> float:
    return float(getattr(book, name))
