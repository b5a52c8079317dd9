"""The sections on change: accounts that move, revenue at risk, and seats left uncovered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from coverplan.payload.plan import Assignment, Plan, Uncovered
from coverplan.report.facts import Facts
from coverplan.wording.words import words

SHOWN = 25
STOPPED = "search_stopped"
LEFT = "Covering it would pay; the given assignments leave it out."
REASONS = {
    "no_eligible_rep": "No rep may serve it: none has the role, territory, skills and dates that it needs.",
    "no_room": "Every rep who may serve it would break a hard rule, the rest of the plan unchanged.",
    "not_worthwhile": "Covering it alone would bring nothing more than it costs.",
    "search_stopped": "Covering it would pay; the search stopped first.",
}


@dataclass(frozen=True)
class Row:
    """One seat that changes hands, or stays empty."""

    account: str
    account_id: str
    role: str
    before: str
    after: str
    revenue: float
    loss: float
    open_opportunity: bool


@dataclass(frozen=True)
class RowList:
    """The rows with most at stake, and what the rest adds up to."""

    rows: list[Row]
    total: int
    revenue: float
    loss: float
    open_opportunities: int
    rest: int
    rest_revenue: float
    rest_loss: float


@dataclass(frozen=True)
class Reason:
    """Why seats are uncovered, and how many."""

    words: str
    seats: int


@dataclass(frozen=True)
class UncoveredView:
    """Uncovered seats: the reasons, and the seats with most revenue."""

    reasons: list[Reason]
    seats: RowList
    lost: int
    """Seats that somebody covers today."""
    row_reasons: list[str]


def moves_view(plan: Plan, facts: Facts, *, forced: bool) -> RowList:
    """Covered seats that get another rep than today's, largest expected loss first."""
    moved = [item for item in plan.assignments if item.change == "moved" and item.forced == forced]
    return _list([_moved(item, facts) for item in moved])


def uncovered_view(plan: Plan, facts: Facts) -> UncoveredView:
    """Seats without a rep, largest revenue first, with the reasons in words."""
    times = Counter(item.reason for item in plan.uncovered)
    entries = [(_empty(item, facts), item.reason) for item in plan.uncovered]
    evaluated = plan.method.used == "evaluated"
    entries.sort(key=lambda entry: (*_stake(entry[0]), entry[1]))
    return UncoveredView(
        reasons=[
            Reason(LEFT if evaluated and reason == STOPPED else REASONS[reason], seats)
            for reason, seats in times.most_common()
        ],
        seats=_list([row for row, _ in entries]),
        lost=sum(item.previous_rep_id is not None for item in plan.uncovered),
        row_reasons=["left out" if evaluated and reason == STOPPED else words(reason) for _, reason in entries[:SHOWN]],
    )


def _moved(item: Assignment, facts: Facts) -> Row:
    before, after = facts.rep_name(item.previous_rep_id), facts.rep_name(item.rep_id)
    if item.handover_date is not None:
        after = f"{after}, from {item.handover_date}"
    return _row(item.account_id, item.role, before, after, item.relationship_loss, facts)


def _empty(item: Uncovered, facts: Facts) -> Row:
    return _row(item.account_id, item.role, facts.rep_name(item.previous_rep_id), "nobody", 0.0, facts)


def _row(account_id: str, role: str, before: str, after: str, loss: float, facts: Facts) -> Row:
    return Row(
        account=facts.account_names[account_id],
        account_id=account_id,
        role=words(role) if facts.several_roles else "",
        before=before,
        after=after,
        revenue=facts.revenue_of(account_id),
        loss=loss,
        open_opportunity=bool(facts.book.instance.accounts.open_opportunity[facts.account_index[account_id]]),
    )


def _stake(row: Row) -> tuple[float, float, str, str]:
    return (-row.loss, -row.revenue, row.account_id, row.role)


def _list(rows: list[Row]) -> RowList:
    ordered = sorted(rows, key=_stake)
    rest = ordered[SHOWN:]
    return RowList(
        rows=ordered[:SHOWN],
        total=len(rows),
        revenue=_revenue(rows),
        loss=sum(row.loss for row in rows),
        open_opportunities=len({row.account_id for row in rows if row.open_opportunity}),
        rest=len(rest),
        rest_revenue=_revenue(rest),
        rest_loss=sum(row.loss for row in rest),
    )


def _revenue(rows: list[Row]) -> float:
    """Revenue of the accounts, each counted once."""
    return sum({row.account_id: row.revenue for row in rows}.values())
