"""The catalogue: from each constraint of a policy to its rows."""

from __future__ import annotations

from collections.abc import Callable

from coverplan.verify import counted_rules, linear_rules
from coverplan.verify.balance_rules import balance
from coverplan.verify.book import Document
from coverplan.verify.case import Case
from coverplan.verify.keep_rules import keep_current
from coverplan.verify.rows import CountedRule, LinearRule

KINDS: dict[str, Callable[[Case, Document], LinearRule | CountedRule]] = {
    "capacity": linear_rules.capacity,
    "account_count": linear_rules.account_count,
    "revenue_band": linear_rules.revenue_band,
    "balance": balance,
    "keep_current": keep_current,
    "protect": counted_rules.protect,
    "revenue_target": linear_rules.revenue_target,
    "goal": linear_rules.goal,
    "book_mix": linear_rules.book_mix,
    "family": counted_rules.family,
    "exclusive": linear_rules.exclusive,
    "same_team": counted_rules.same_team,
    "must_cover": counted_rules.must_cover,
    "coverage": linear_rules.coverage,
    "spread": counted_rules.spread,
}


def build_rules(case: Case) -> list[LinearRule | CountedRule]:
    """Every constraint of the policy, in its order."""
    return [KINDS[spec["kind"]](case, spec) for spec in case.specs]
