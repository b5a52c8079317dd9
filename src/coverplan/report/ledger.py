"""The ledger section: the terms of the objective as a waterfall that ends at their sum."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from coverplan.payload.change import Term
from coverplan.payload.plan import Objective
from coverplan.report.facts import Facts
from coverplan.wording.words import number, short_money, to_cents

TERMS = {
    "expected_revenue": "Expected revenue",
    "relationship_loss": "Loss from changed relationships",
    "travel_cost": "Travel",
    "penalty": "Penalty",
}
CROWDED = 0.25
"""A waterfall that stays within this share of its top starts its axis above 0."""


@dataclass(frozen=True)
class Line:
    """One line of the ledger: its words, its amount, and its bar in per cent of the width."""

    words: str
    amount: str
    negative: bool
    left: float
    width: float


@dataclass(frozen=True)
class LedgerView:
    """All lines, their sum, and where the axis starts if not at 0."""

    lines: list[Line]
    total: Line
    axis_from: str | None


def ledger_view(objective: Objective, facts: Facts) -> LedgerView:
    """Amounts to the cent; they add up to the objective as shown."""
    shown = to_cents([term.value for term in objective.terms], objective.value)
    levels = [0.0]
    for term in objective.terms:
        levels.append(levels[-1] + term.value)
    low, high = _axis(levels)
    spans = list(pairwise(levels))
    names = [_words(term) for term in objective.terms]
    lines = [_line(*entry, low, high) for entry in zip(names, shown, spans, strict=True)]
    total = _line("Objective", round(objective.value, 2), (0.0, levels[-1]), low, high)
    return LedgerView(lines, total, None if low <= 0 else short_money(low, facts.currency))


def _words(term: Term) -> str:
    if term.constraint is None:
        return TERMS[term.term]
    return f"Penalty: {term.constraint}"


def _axis(levels: list[float]) -> tuple[float, float]:
    """Left and right end: from 0, unless the steps would be too thin to see."""
    low, high = min(levels[1:], default=0.0), max(levels)
    if low > 0 and high - low < CROWDED * high:
        return (low - 0.25 * (high - low) if high > low else 0.0), high
    return min(levels), max(high, 0.0)


def _line(name: str, amount: float, span: tuple[float, float], low: float, high: float) -> Line:
    left, right = (min(max(value, low), high) for value in (min(span), max(span)))
    scale = 100 / (high - low) if high > low else 0.0
    return Line(name, number(amount, 2), amount < 0, round((left - low) * scale, 3), round((right - left) * scale, 3))
