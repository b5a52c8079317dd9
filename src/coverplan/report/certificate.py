"""The certificate section: what is proven, by what, and the largest prices in words."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.constraints import Constraint
from coverplan.constraints.base import Side
from coverplan.payload.plan import Certificate, Plan, Price
from coverplan.report.facts import Facts
from coverplan.report.rules import scope_words
from coverplan.wording.words import SPACE, money_at_most, percent_at_most, singular

SHOWN = 5
SOURCES = {
    "lp_relaxation": "the linear relaxation of the program",
    "lagrangian": "its Lagrangian dual",
    "resolve": "solving again with the rule relaxed",
}
THOUSAND = 1000


@dataclass(frozen=True)
class PriceGroup:
    """The largest prices of one constraint: what one more unit is, and the most it can be worth."""

    rule: str
    steps: list[tuple[str, str]]
    rest: int


@dataclass(frozen=True)
class CertificateView:
    """Bound and gap of the certificate, the tighter claim of the solver, and prices in words."""

    bound: str
    gap: str
    source: str
    everything: bool
    rows: int
    claim: str
    prices: list[PriceGroup]


def certificate_view(plan: Plan, facts: Facts) -> CertificateView | None:
    """The certificate of a plan; None without one."""
    found = plan.certificate
    if found is None:
        return None
    return CertificateView(
        bound=money_at_most(found.bound, facts.currency),
        gap="" if found.gap is None else percent_at_most(found.gap),
        source=SOURCES[found.source],
        everything=found.scope == "all_admissible",
        rows=len(found.prices),
        claim=_claim(plan, found, facts),
        prices=_groups(found, facts),
    )


def _claim(plan: Plan, certificate: Certificate, facts: Facts) -> str:
    """What branch and bound adds, where it went further."""
    if plan.dual_bound is None or plan.dual_bound_source != "branch_and_bound" or plan.dual_bound >= certificate.bound:
        return ""
    gap = "" if plan.gap is None else f", a gap of {percent_at_most(plan.gap)}"
    return (
        f"Branch and bound went further: {money_at_most(plan.dual_bound, facts.currency)}{gap}. "
        "That is the solver's own claim, which the prices alone cannot show."
    )


def _groups(certificate: Certificate, facts: Facts) -> list[PriceGroup]:
    """The largest prices of each constraint; the rows of one constraint share a unit, those of two do not."""
    by_rule: dict[str, list[tuple[float, str, str]]] = {}
    for price in certificate.prices:
        rule = facts.rules.get(price.constraint)
        rates: dict[Side, float] = {"upper": price.upper, "lower": price.lower}
        for side, rate in rates.items():
            if rate > 0 and rule is not None:
                by_rule.setdefault(price.constraint, []).append((-rate, *_words(rule, price, side, rate, facts)))
    groups = []
    for name, prices in by_rule.items():
        prices.sort()
        steps = [(step, worth) for _, step, worth in prices[:SHOWN]]
        groups.append(PriceGroup(name, steps, max(0, len(prices) - SHOWN)))
    return groups


def _words(rule: Constraint, price: Price, side: Side, rate: float, facts: Facts) -> tuple[str, str]:
    """The step by which a rule gives way, and what it is worth at most."""
    who, unit = scope_words(price.scope, facts), rule.unit_of(price.scope)
    if unit == "money":
        step, rate = f"{facts.currency}{SPACE}1,000", THOUSAND * rate
    else:
        step = f"One {singular(unit)}"
    return rule.one_more(step, side, who), money_at_most(rate, facts.currency)
