"""What each kind of constraint asks, in words, and the unit of its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coverplan.constraints import (
    AccountCount,
    Balance,
    BookMix,
    Capacity,
    Constraint,
    Coverage,
    Exclusive,
    Family,
    Goal,
    KeepCurrent,
    MustCover,
    Protect,
    RevenueBand,
    RevenueTarget,
    SameTeam,
    Spread,
)
from coverplan.wording.words import listing, money, number, rate, sentence, words

MEASURES = {
    "accounts": "accounts",
    "hours": "hours",
    "revenue": "revenue",
    "potential": "potential",
    "expected_revenue": "expected revenue",
}
UNITS = {"accounts": "accounts", "hours": "hours"}


def describe(rule: Constraint, currency: str) -> str:
    """One sentence that says what a constraint asks, of whom, and what missing it costs."""
    text: str = getattr(_Phrases(currency), rule.kind)(rule)
    text += _filters(rule)
    if rule.penalty is None:
        return f"{text}."
    unit = unit_of(rule, "company")
    rate = f"{money(rule.penalty, currency)} per {_singular(unit, currency)}"
    return f"{text}; missing it costs {rate}."


def unit_of(rule: Constraint, scope: str) -> str:
    """The unit of a row: `money`, or a plural noun."""
    if isinstance(rule, Balance | Goal):
        return UNITS.get(rule.measure, "money")
    if isinstance(rule, KeepCurrent):
        only = rule.max_moved is None and rule.max_moved_share is None and rule.max_gained is None
        return "money" if scope.endswith("/max_moved_revenue_share") or only else "accounts"
    if isinstance(rule, Coverage):
        return "money" if rule.measure == "revenue" else "accounts"
    if isinstance(rule, Spread):
        return "territories" if rule.by == "territory" else "industries"
    if isinstance(rule, RevenueBand | RevenueTarget):
        return "money"
    return "hours" if isinstance(rule, Capacity) else "accounts"


def _singular(unit: str, currency: str) -> str:
    if unit == "money":
        return currency
    return unit[:-3] + "y" if unit.endswith("ies") else unit[:-1]


def _between(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    if low is not None and high is not None:
        return f"{show(low)} to {show(high)}"
    if low is not None:
        return f"at least {show(low)}"
    return "any" if high is None else f"at most {show(high)}"


class _Phrases:
    """One method per kind."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def capacity(self, rule: Capacity) -> str:
        interim = ", with those on accounts held until their next rep starts," if rule.count_interim else ""
        return f"Each rep's hours{interim} fit into {rate(rule.utilisation)} of the capacity"

    def account_count(self, rule: AccountCount) -> str:
        return f"Each rep has {_between(rule.min, rule.max, number)} accounts"

    def revenue_band(self, rule: RevenueBand) -> str:
        if rule.relative_to == "quota":
            return f"Each rep's revenue is {_between(rule.min, rule.max, rate)} of the quota"
        return f"Each rep's revenue is {_between(rule.min, rule.max, lambda value: money(value, self.currency))}"

    def balance(self, rule: Balance) -> str:
        who = "rep" if rule.per == "rep" else "team"
        by = {"capacity": "by capacity", "quota": "by quota", "equal": "in equal parts"}[rule.share]
        inside = "" if rule.within is None else f" within {listing(list(rule.within))}"
        tolerance = rate(rule.tolerance)
        return f"Each {who}'s {MEASURES[rule.measure]} is within ±{tolerance} of its fair share, {by}{inside}"

    def keep_current(self, rule: KeepCurrent) -> str:
        limits = [
            "" if rule.max_moved is None else f"at most {rule.max_moved:,} accounts move",
            "" if rule.max_moved_share is None else f"at most {rate(rule.max_moved_share)} of the accounts move",
            ""
            if rule.max_moved_revenue_share is None
            else f"at most {rate(rule.max_moved_revenue_share)} of the revenue moves",
            "" if rule.max_gained is None else f"at most {rule.max_gained:,} accounts are gained",
        ]
        asked = sentence(limits)
        return asked[:1].upper() + asked[1:] if rule.per == "company" else f"Per {rule.per}, {asked}"

    def protect(self, rule: Protect) -> str:
        return "Protected accounts stay with their current rep"

    def revenue_target(self, rule: RevenueTarget) -> str:
        target = "its own target" if rule.target is None else money(rule.target, self.currency)
        who = "The company's" if rule.per == "company" else f"Each {rule.per}'s"
        return f"{who} expected revenue reaches {target}"

    def goal(self, rule: Goal) -> str:
        unit = UNITS.get(rule.measure, "money")
        show = (lambda value: money(value, self.currency)) if unit == "money" else number
        role = "" if rule.role is None else f" of {words(rule.role)} seats"
        return f"Goal: the {MEASURES[rule.measure]}{role} is {_between(rule.min, rule.max, show)}"

    def book_mix(self, rule: BookMix) -> str:
        shares = _between(rule.min_share, rule.max_share, rate)
        counts = _between(rule.min_count, rule.max_count, number)
        bounds = [f"{shares} of each book" if shares != "any" else "", f"{counts} per book" if counts != "any" else ""]
        return f"Accounts of one sort are {sentence(bounds)}"

    def family(self, rule: Family) -> str:
        return f"Parent and child accounts share their rep, within the {rule.within}"

    def exclusive(self, rule: Exclusive) -> str:
        return f"No rep has two accounts of one group ({listing([group.id for group in rule.groups])})"

    def same_team(self, rule: SameTeam) -> str:
        return "All roles of an account sit in one pod"

    def must_cover(self, rule: MustCover) -> str:
        return "These accounts are covered"

    def coverage(self, rule: Coverage) -> str:
        per = "A" if rule.per == "company" else f"Per {rule.per}, a"
        return f"{per}t least {rate(rule.min_share)} of the {MEASURES[rule.measure]} is covered"

    def spread(self, rule: Spread) -> str:
        what = "territories" if rule.by == "territory" else "industries"
        return f"Each rep has at most {rule.max:,} {what}"


def _filters(rule: Constraint) -> str:
    """The accounts and reps that a constraint is limited to."""
    found = []
    for name in ("accounts", "reps"):
        given = getattr(rule, name, None)
        if given is not None:
            keys = given.model_dump(mode="json", exclude_defaults=True)
            texts = [_filter_words(key, value) for key, value in keys.items() if key != "by"]
            if texts:
                found.append(f"{name}: {', '.join(texts)}{_ranked_by(keys)}")
    return f" ({sentence(found)})" if found else ""


def _filter_words(key: str, value: object) -> str:
    if key == "open_opportunity":
        return "with an open opportunity" if value else "without an open opportunity"
    if key == "since_after":
        return f"covered since {value} or later"
    if key == "top":
        return f"top {value}"
    if isinstance(value, list):
        names = [str(item) for item in value]
        return listing(names, 3) if key == "ids" else f"{key} {listing(names, 3)}"
    return f"{value}s" if key == "kind" else f"{key} {value}"


def _ranked_by(keys: dict[str, Any]) -> str:
    return f" by {keys.get('by', 'revenue')}" if "top" in keys else ""
