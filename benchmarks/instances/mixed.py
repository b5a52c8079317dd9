"""Random problems of 10 to 60 seats under random rules of every kind, for second opinions.

Three sorts, drawn in turn: knapsacks with a value per pair, books as `coverplan generate` makes them, and books in
which most choices are worth the same. None is large; they are as degenerate as callers' problems are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from coverplan.tables.generate import generate

Document = dict[str, Any]
Draw = np.random.Generator
One = TypeVar("One")
SIZES = {"small": (10, 15, 3), "medium": (20, 35, 5), "large": (40, 60, 8)}
"""Fewest and most accounts, and most reps."""
AE = "account_executive"


@dataclass(frozen=True)
class Case:
    """A problem and a policy, by what they were drawn from."""

    name: str
    problem: Document
    policy: Document


def case(seed: int, size: str) -> Case:
    """The case of a seed; the same one every time."""
    draw = np.random.default_rng([seed, sorted(SIZES).index(size)])
    least, most, reps = SIZES[size]
    accounts, sort = int(draw.integers(least, most + 1)), ("knapsack", "book", "even")[seed % 3]
    problem = SORTS[sort](draw, accounts, int(draw.integers(2, reps + 1)))
    alone = sort == "knapsack" and draw.random() < 0.6
    policy = {"constraints": [{"kind": "capacity"}] if alone else rules(draw, problem)}
    return Case(f"{size}-{sort}-{seed}", problem, policy)


def _knapsack(draw: Draw, accounts: int, reps: int) -> Document:
    """Whole hours and a value per pair, with room for most accounts; some pairs are not admissible."""
    hours = draw.integers(3, 30, accounts)
    room = int(hours.sum() * draw.uniform(0.6, 1.1) / reps) + 3
    shared = draw.integers(0, 60, accounts)
    pairs = [
        {"account_id": f"a{i}", "rep_id": f"r{j}", "value": float(shared[i] + draw.integers(1, 60))}
        for i in range(accounts)
        for j in range(reps)
        if draw.random() < 0.9
    ]
    return {
        "reps": [{"id": f"r{j}", "capacity_hours": float(room)} for j in range(reps)],
        "accounts": [{"id": f"a{i}", "hours": float(hours[i]), "current": _held(draw, reps)} for i in range(accounts)],
        "pairs": pairs,
    }


def _book(draw: Draw, accounts: int, reps: int) -> Document:
    """A generated book; every other has two roles."""
    roles = 2 if accounts >= 20 and reps >= 4 and draw.random() < 0.5 else 1
    seats = accounts // roles
    return generate(
        accounts=seats, reps=reps, pairs=int(draw.integers(2, reps + 1)), seed=int(draw.integers(1 << 30)), roles=roles
    )


def _even(draw: Draw, accounts: int, reps: int) -> Document:
    """Few different hours and amounts, some of them 0, so that many plans are worth the same."""
    amounts, hours = draw.choice([0.0, 1000.0, 1000.0, 5000.0], accounts), draw.choice([1.0, 2.0, 4.0], accounts)
    return {
        "reps": [
            {
                "id": f"r{j}",
                "capacity_hours": float(np.ceil(hours.sum() * draw.uniform(0.8, 1.3) / reps)),
                "manager_id": f"m{j % 2}",
            }
            for j in range(reps)
        ],
        "managers": [{"id": "m0"}, {"id": "m1"}],
        "accounts": [
            {
                "id": f"a{i}",
                "hours": float(hours[i]),
                "expected_revenue": float(amounts[i]),
                "current": _held(draw, reps),
                "industry": str(draw.choice(["food", "health"])),
                "parent_id": "a0" if i and draw.random() < 0.1 else None,
            }
            for i in range(accounts)
        ],
    }


SORTS: dict[str, Callable[[Draw, int, int], Document]] = {"knapsack": _knapsack, "book": _book, "even": _even}


def _held(draw: Draw, reps: int) -> list[Document]:
    return [{"rep_id": f"r{draw.integers(reps)}"}] if draw.random() < 0.7 else []


def rules(draw: Draw, problem: Document) -> list[Document]:
    """Two to four rules of different kinds, hard ones loose enough to have plans more often than not."""
    kinds = draw.choice(sorted(KINDS), int(draw.integers(2, 5)), replace=False)
    found: list[Document] = []
    for kind in kinds.tolist():
        soft = draw.random() < 0.5
        found.append(
            {
                "kind": kind,
                "penalty": float(draw.choice([0.1, 5.0, 2000.0])) if soft else None,
                **KINDS[kind](draw, problem),
            }
        )
    return found


def _one(draw: Draw, values: Sequence[One]) -> One:
    return values[int(draw.integers(len(values)))]


def _some(draw: Draw, problem: Document, share: float) -> Document:
    """A filter: some accounts by id, the largest, or all."""
    ids = [account["id"] for account in problem["accounts"]]
    chosen = [name for name in ids if draw.random() < share] or ids[:1]
    return _one(draw, [{"ids": chosen}, {"top": max(1, int(share * len(ids)))}, {}])


def _account_count(draw: Draw, problem: Document) -> Document:
    fair = len(problem["accounts"]) / len(problem["reps"])
    return _one(draw, [{"max": int(1.3 * fair) + 1}, {"min": int(0.5 * fair)}, {"min": 1, "max": int(2 * fair) + 1}])


def _balance(draw: Draw, _: Document) -> Document:
    measure = _one(draw, ["accounts", "hours", "revenue", "expected_revenue"])
    return {"measure": measure, "tolerance": _one(draw, [0.1, 0.3, 0.6]), "share": _one(draw, ["equal", "capacity"])}


def _keep_current(draw: Draw, _: Document) -> Document:
    caps: list[Document] = [
        {"max_moved_share": 0.3},
        {"max_moved": 3},
        {"max_moved_revenue_share": 0.2},
        {"max_gained": 4, "per": "rep"},
    ]
    return _one(draw, caps)


def _goal(draw: Draw, problem: Document) -> Document:
    half = float(len(problem["accounts"]) // 2)
    return {"measure": "accounts", _one(draw, ["min", "max"]): half, "accounts": _some(draw, problem, 0.7)}


def _exclusive(_: Draw, problem: Document) -> Document:
    ids = [account["id"] for account in problem["accounts"]]
    return {"groups": [{"id": "rivals", "accounts": {"ids": ids[: min(3, len(problem["reps"]))]}}]}


KINDS: dict[str, Callable[[Draw, Document], Document]] = {
    "account_count": _account_count,
    "balance": _balance,
    "book_mix": lambda draw, problem: {
        "accounts": _some(draw, problem, 0.4),
        **_one(draw, [{"max_share": 0.7}, {"max_count": 5}]),
    },
    "capacity": lambda draw, _: {"utilisation": _one(draw, [0.8, 1.0, 1.2])},
    "coverage": lambda draw, _: {
        "min_share": _one(draw, [0.5, 0.8]),
        "measure": _one(draw, ["accounts", "revenue"]),
    },
    "exclusive": _exclusive,
    "family": lambda *_: {},
    "goal": _goal,
    "keep_current": _keep_current,
    "must_cover": lambda draw, problem: {"accounts": _some(draw, problem, 0.5)},
    "protect": lambda draw, problem: {"accounts": _some(draw, problem, 0.2)},
    "revenue_band": lambda draw, _: {"max": _one(draw, [1e4, 1e6, 1e8])},
    "revenue_target": lambda draw, _: {"target": _one(draw, [1e3, 1e5]), "per": "company"},
    "same_team": lambda draw, problem: {"accounts": _some(draw, problem, 0.5)},
    "spread": lambda draw, _: {"max": _one(draw, [1, 2]), "by": "industry"},
}
"""How each kind is drawn."""
