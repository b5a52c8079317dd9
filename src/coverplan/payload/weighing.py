"""What a plan changes against today, in money, and what moves so much of the revenue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from coverplan.constraints import Constraint
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP
from coverplan.constraints.keep_current import KeepCurrent
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger
from coverplan.payload.change import UPHEAVAL_FROM, AgainstToday, Term, Upheaval
from coverplan.payload.policy import RELATIONSHIP
from coverplan.payload.rollups import Summary
from coverplan.runs.today import today_of
from coverplan.wording.figures import PLAIN

WORDS = {"expected_revenue": "more expected revenue", "travel_cost": "less travel", "relationship_loss": "smaller loss"}


def against_today(formulation: Formulation, account: Ledger) -> AgainstToday | None:
    """The ledger of a plan less that of today's assignment; None where no rep holds a seat."""
    today = today_of(formulation)
    if today is None:
        return None
    before = {(term, name): value for term, name, value in today.account.terms}
    terms = [
        Term(term=cast(Any, term), constraint=name, value=value - before[term, name])
        for term, name, value in account.terms
    ]
    return AgainstToday(
        revenue=sum(term.value for term in terms if term.term != "penalty"),
        penalties_saved=sum(term.value for term in terms if term.term == "penalty"),
        terms=terms,
        objective=today.account.objective,
        broken=today.broken,
        inadmissible=today.inadmissible,
    )


def upheaval(
    rules: Sequence[Constraint], summary: Summary, change: AgainstToday | None, currency: str
) -> Upheaval | None:
    """Why more than a fifth of the revenue moves; None where it does not."""
    if change is None or summary.moved_revenue_share <= UPHEAVAL_FROM:
        return None
    worth = 1e-9 * max(1.0, abs(change.objective))
    buys = sorted((term for term in change.terms if term.value > worth), key=lambda term: -term.value)
    kept = next((rule for rule in rules if _keeps(rule)), None)
    moved = PLAIN.money(summary.moved_revenue, currency, 0)
    return Upheaval(
        moved_revenue=summary.moved_revenue,
        moved_revenue_share=summary.moved_revenue_share,
        hard_rules=change.broken,
        buys=buys,
        prevented_by=None
        if kept is not None
        else RELATIONSHIP.model_dump(mode="json", exclude_defaults=True) | {"kind": RELATIONSHIP.kind},
        message=f"{PLAIN.percent(summary.moved_revenue_share, 1)} of the revenue, {moved}, leaves reps who could stay. "
        f"{_cause(change, buys, currency)} {_way_out(kept, change)}",
    )


def _keeps(rule: Constraint) -> bool:
    """Whether a rule caps the revenue that moves as strictly as the one that would be proposed."""
    return (
        isinstance(rule, KeepCurrent)
        and rule.max_moved_revenue_share is not None
        and rule.max_moved_revenue_share <= UPHEAVAL_FROM
        and (rule.penalty is None or rule.penalty >= cast(float, RELATIONSHIP.penalty))
        and rule.accounts == EVERY_ACCOUNT
        and rule.reps == EVERY_REP
    )


def _cause(change: AgainstToday, buys: Sequence[Term], currency: str) -> str:
    """What the moves mend and buy."""
    causes = [f"mends what today's assignment breaks ({', '.join(change.broken)})"] if change.broken else []
    for term in buys:
        what = f"less penalty of {term.constraint}" if term.term == "penalty" else WORDS[term.term]
        causes.append(f"buys {PLAIN.money(term.value, currency, 0)} {what}")
    return f"That {' and '.join(causes)}." if causes else "It buys nothing."


def _way_out(kept: Constraint | None, change: AgainstToday) -> str:
    if kept is None:
        rule = f'"max_moved_revenue_share": {RELATIONSHIP.max_moved_revenue_share}, "penalty": {RELATIONSHIP.penalty:g}'
        limit = f", as far as {', '.join(change.broken)} can be kept so" if change.broken else ""
        return f'The rule {{"kind": "keep_current", {rule}}} would prevent it{limit}.'
    if change.broken:
        return f"{kept.id} is in force: loosen {', '.join(change.broken)} to move less."
    return f"{kept.id} is in force, and this is worth its penalty: raise the penalty, or make the rule hard."
