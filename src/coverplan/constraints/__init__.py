"""The constraint catalogue: one file per kind, one line here."""

from coverplan.constraints.account_count import AccountCount
from coverplan.constraints.balance import Balance
from coverplan.constraints.base import Constraint
from coverplan.constraints.book_mix import BookMix
from coverplan.constraints.capacity import Capacity
from coverplan.constraints.coverage import Coverage
from coverplan.constraints.exclusive import Exclusive
from coverplan.constraints.family import Family
from coverplan.constraints.goal import Goal
from coverplan.constraints.keep_current import KeepCurrent
from coverplan.constraints.must_cover import MustCover
from coverplan.constraints.protect import Protect
from coverplan.constraints.revenue_band import RevenueBand
from coverplan.constraints.revenue_target import RevenueTarget
from coverplan.constraints.same_team import SameTeam
from coverplan.constraints.spread import Spread

__all__ = [
    "CATALOGUE",
    "AccountCount",
    "Balance",
    "Constraint",
    "BookMix",
    "Capacity",
    "Coverage",
    "Exclusive",
    "Family",
    "Goal",
    "KeepCurrent",
    "MustCover",
    "Protect",
    "RevenueBand",
    "RevenueTarget",
    "SameTeam",
    "Spread",
]

CATALOGUE: dict[str, type[Constraint]] = {
    "capacity": Capacity,
    "account_count": AccountCount,
    "revenue_band": RevenueBand,
    "balance": Balance,
    "keep_current": KeepCurrent,
    "protect": Protect,
    "revenue_target": RevenueTarget,
    "goal": Goal,
    "book_mix": BookMix,
    "family": Family,
    "exclusive": Exclusive,
    "same_team": SameTeam,
    "must_cover": MustCover,
    "coverage": Coverage,
    "spread": Spread,
}
"""Kind to class, in the order of the documentation."""
