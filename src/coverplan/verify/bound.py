"""The upper bound that row prices prove, recomputed account by account.

Any prices give a bound: whatever a plan gains, it pays the price of the rows that it loads, so the best choice of each
block of seats at those prices, plus the prices of the bounds themselves, is at least the objective of every plan. For
a seat on its own the best choice is the best rep or nobody; `blocks` says which seats choose together:

    L(y) = sum over blocks of max(v0 - B'y, max over admissible reps of v - A'y) + upper'y+ - lower'y-
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coverplan.verify.blocks import Worth, find_blocks
from coverplan.verify.book import Document
from coverplan.verify.case import Case
from coverplan.verify.counted_rules import SeatRule
from coverplan.verify.evaluation import Failure, Judge
from coverplan.verify.pairs import Floats
from coverplan.verify.rows import LinearRule
from coverplan.verify.value import Offers

ROUNDING = 1e-12

Priced = tuple[LinearRule, Floats]
"""A rule and the net price of each of its rows, 0 last for "no row"."""


@dataclass
class Bound:
    """L(y) with its allowance for rounding; `magnitude` is the sum of the absolute terms.

    `size` is the largest amount that one choice brings, before prices; 1 where none brings any.

    The value is -inf where some block has no choice at all: then there is no plan.
    """

    value: float
    magnitude: float
    size: float = 1.0
    failures: list[Failure] = field(default_factory=list)


def bound(problem: Document, policy: Document | None, prices: Iterable[dict[str, Any]]) -> float:
    """Upper bound on the objective of every plan, from prices `{constraint, scope, upper, lower}` alone."""
    return recompute_bound(Judge(problem, policy), prices).value


def recompute_bound(judge: Judge, prices: Iterable[dict[str, Any]]) -> Bound:
    """L(y) over all admissible pairs; prices that no valid bound may use are reported and left out."""
    linear = [rule for rule in judge.rules if isinstance(rule, LinearRule)]
    table, failures = _read_prices(linear, prices)
    constants = [
        (row.upper or 0.0) * upper - (row.lower or 0.0) * lower
        for rule in linear
        for row, (upper, lower) in zip(rule.rows, table[rule.id], strict=True)
    ]
    total, magnitude, size = sum(constants), sum(map(abs, constants)), 0.0
    net = {
        rule.id: np.array([upper - lower for upper, lower in table[rule.id]] + [0.0])
        for rule in linear
        if any(upper != lower for upper, lower in table[rule.id])
    }
    priced = [(rule, net[rule.id]) for rule in linear if rule.id in net]
    for best, largest in _best_choices(judge, priced):
        total += best
        magnitude += abs(best)
        size = max(size, largest)
    allowance = ROUNDING * magnitude if math.isfinite(magnitude) else 0.0
    return Bound(total + allowance, magnitude, size or 1.0, failures)


def _best_choices(judge: Judge, priced: list[Priced]) -> Iterator[tuple[float, float]]:
    """The most that each block can bring at these prices, and the largest amount that a choice brings before them."""
    case = judge.case
    demands = [rule for rule in judge.rules if isinstance(rule, SeatRule)]
    numbers: dict[tuple[str, str], int] = {}
    pods = np.array([numbers.setdefault(rep.pod, len(numbers)) for rep in case.book.reps], dtype=np.int64)
    tied = np.zeros(len(case.units), dtype=bool)
    for block in find_blocks(case):
        tied[block.units] = True
        seats = [place for unit in block.units for place in case.units[unit]]
        offers = dict(zip(seats, case.offers(seats), strict=True))
        found = [_worth(case, demands, priced, {place: offers[place] for place in case.units[u]}) for u in block.units]
        largest = max((size for _, size in found), default=0.0)
        yield block.value([worth for worth, _ in found], pods[offers[seats[0]].reps]), largest
    for number in np.flatnonzero(~tied):
        unit = case.units[number]
        worth, largest = _worth(case, demands, priced, dict(zip(unit, case.offers(unit), strict=True)))
        yield worth.best, largest


def _worth(case: Case, demands: list[SeatRule], priced: list[Priced], unit: dict[int, Offers]) -> tuple[Worth, float]:
    """What a unit, given as its seats and their offers, can bring: with each rep, and with nobody.

    Second the largest amount among them before prices.
    """
    weights, members = case.weights, list(unit.values())
    allowed = case.admissible(members)
    may_be_uncovered = True
    gains, idle = np.zeros(len(allowed)), 0.0
    charges, idle_charge = np.zeros(len(allowed)), 0.0
    for place, offers in unit.items():
        seat, held = case.book.seats[place], offers.held
        gains += weights.revenue * offers.value - weights.loss * offers.loss - weights.km * offers.km
        idle += weights.revenue * seat.self_served
        for rule, prices in priced:
            charges += rule.charge(prices, seat, offers)
            idle_charge += rule.unfilled_charge(prices, seat)
        must_stay = case.locked[place]
        for demand in demands:
            if not demand.binds[place]:
                continue
            if demand.penalty is not None:
                idle -= demand.penalty
                if demand.keeps:
                    gains -= demand.penalty * ~held
            elif demand.keeps:
                must_stay = True
            elif case.reachable[place]:
                may_be_uncovered = False
        if must_stay:
            allowed, may_be_uncovered = allowed & held, False
    size = max(float(np.abs(gains[allowed]).max(initial=0.0)), abs(idle))
    best = idle - idle_charge if may_be_uncovered else -math.inf
    return Worth(np.where(allowed, gains - charges, -math.inf), best), size


def _amount(price: Any) -> float:
    """A price as a number: absent is 0, anything else that is no number is nan."""
    if price is None:
        return 0.0
    return float(price) if isinstance(price, int | float) and not isinstance(price, bool) else math.nan


def _read_prices(
    linear: list[LinearRule], prices: Iterable[dict[str, Any]]
) -> tuple[dict[str, list[tuple[float, float]]], list[Failure]]:
    """Price of the upper and of the lower bound of every row; 0 where none is given."""
    table = {rule.id: [(0.0, 0.0)] * len(rule.rows) for rule in linear}
    places = {(rule.id, row.scope): (rule, k) for rule in linear for k, row in enumerate(rule.rows)}
    seen: set[tuple[str, str]] = set()
    failures: list[Failure] = []
    for entry in prices:
        key = (str(entry.get("constraint")), str(entry.get("scope")))
        upper, lower = _amount(entry.get("upper")), _amount(entry.get("lower"))
        name = f"price of constraint {key[0]!r}, {key[1]}"
        if key not in places:
            failures.append(Failure("price_unknown_row", f"{name}: there is no such row to price"))
            continue
        if key in seen:
            failures.append(Failure("price_repeated", f"{name}: given more than once"))
        seen.add(key)
        rule, k = places[key]
        row, most = rule.rows[k], math.inf if rule.penalty is None else rule.penalty
        if not (math.isfinite(upper) and math.isfinite(lower)) or min(upper, lower) < 0:
            failures.append(Failure("price_not_valid", f"{name}: prices are finite and not negative"))
            continue
        if (upper > 0 and row.upper is None) or (lower > 0 and row.lower is None):
            failures.append(Failure("price_without_bound", f"{name}: the row has no such bound"))
        if max(upper, lower) > most + 1e-9 * (1 + most):
            failures.append(Failure("price_above_penalty", f"{name}: it may not exceed the penalty {most:g}"))
        upper = 0.0 if row.upper is None else min(upper, most)
        lower = 0.0 if row.lower is None else min(lower, most)
        table[rule.id][k] = (upper, lower)
    return table, failures
