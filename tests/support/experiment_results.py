"""Results of an experiment small enough to check by hand, as a plain document.

Two problems, two seeds, three policies. By the reference, `gentle` is worth 1,000 on emea and 500 on apac; bounds
1,010 and 505. `hard` is worth 900 and 400; bounds 1,000 and 450. `rigid` breaks on emea: proven to have no plan there.
So gentle lies in [1,500, 1,515], hard in [1,300, 1,450]: gentle is better by 50 to 215.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from coverplan.payload.experiments.results import ExperimentResults

Document = dict[str, Any]
POLICIES = ("gentle", "hard", "rigid")
WORTH = {"gentle": (1000.0, 500.0), "hard": (900.0, 400.0), "rigid": (None, 300.0)}
BOUNDS = {"gentle": (1010.0, 505.0), "hard": (1000.0, 450.0), "rigid": (None, 310.0)}
PROBLEMS, SEEDS = ("emea", "apac"), (0, 1)
RULE = "moved_revenue_share <= 0.1"


def results(**changes: Any) -> ExperimentResults:
    """The results, with other fields."""
    return ExperimentResults.model_validate_json(json.dumps(document() | changes))


def document() -> Document:
    """The results as JSON has them."""
    return deepcopy(
        {
            "experiment_id": "exp-01",
            "name": "caps",
            "status": "complete",
            "currency": "EUR",
            "baseline": "hard",
            "reference": {
                "objective": {"relationship_loss": 2},
                "constraints": [{"kind": "balance", "tolerance": 0.2, "penalty": 0.5}],
            },
            "metrics": METRICS,
            "rows": [_row(policy, problem, seed) for problem in (0, 1) for policy in POLICIES for seed in SEEDS],
            "today": [
                {"problem_id": "emea", "metrics": _values(800.0, 0.0), "reference_objective": 800.0},
                {"problem_id": "apac", "metrics": _values(400.0, 0.0), "reference_objective": 400.0},
            ],
            "policies": [
                _policy("gentle", 750.0, 0.05, 4),
                _policy("hard", 650.0, 0.25, 4),
                _policy("rigid", 300.0, 0.25, 2),
            ],
            "verdict": VERDICT,
            "accepted": ["gentle"],
            "frontiers": [FRONTIER],
            "churn": CHURN,
            "rule_prices": PRICES,
            "stability": STABILITY,
            "cells": CELLS,
            "notes": [],
        }
    )


def bare(**changes: Any) -> ExperimentResults:
    """One policy on one problem: no verdict, no deeper question."""
    nothing: Document = {name: [] for name in ("frontiers", "rule_prices", "stability", "today", "accepted")}
    one = document()
    policy = one["policies"][0] | {"accepted": [], "against_baseline": {}, "against_today": {}}
    verdict: Document = {"outcome": "inconclusive", "winner": None, "why": "All are the same.", "by_pair": []}
    rows = [row | {"progress": []} for row in one["rows"][:1]]
    return results(
        **nothing
        | {"policies": [policy], "rows": rows, "churn": None, "baseline": "gentle", "cells": one["cells"][:1]}
        | {"verdict": verdict | {"intervals": VERDICT["intervals"][:1]}}
        | changes
    )


def _values(revenue: float, moved: float, gap: float | None = None) -> Document:
    return {"net_revenue": revenue, "moved_revenue_share": moved, "forced": 1.0, "travel": None, "gap": gap}


def _row(policy: str, problem: int, seed: int) -> Document:
    worth, bound = WORTH[policy][problem], BOUNDS[policy][problem]
    row = {
        "problem_id": PROBLEMS[problem],
        "policy_id": policy,
        "seed": seed,
        "run_id": f"run-{policy}-{problem}{seed}",
    }
    reference = {"objective": worth, "bound": bound}
    if worth is None:
        return {**row, "metrics": {}, "reference": reference, "solution_status": "infeasible"}
    steps = [
        {"t": 0.5, "objective_value": 0.9 * worth, "dual_bound": bound, "gap": 0.2, "phase": "bound"},
        {"t": 2.5, "objective_value": worth, "dual_bound": bound, "gap": 0.0123, "phase": "search"},
    ]
    moved = 0.05 if policy == "gentle" else 0.25
    found = {"metrics": _values(worth, moved, 0.0123), "reference": reference, "solution_status": "feasible"}
    return {**row, **found, "progress": steps}


def _policy(name: str, revenue: float, moved: float, plans: int) -> Document:
    passed = moved <= 0.1
    why = "It holds on all 4 problems and seeds." if passed else "emea, seed 0: moved_revenue_share is 0.25."
    return {
        "policy_id": name,
        "plans": plans,
        "infeasible": ["emea"] if name == "rigid" else [],
        "metrics": _values(revenue, moved, 0.0123),
        "against_baseline": {
            "net_revenue": {
                "difference": revenue - 650.0,
                "low": revenue - 660.0,
                "high": revenue - 625.0,
                "pairs": plans // 2,
            }
        },
        "against_today": {"moved_revenue_share": {"difference": moved, "low": None, "high": None, "pairs": 2}},
        "accepted": [{"rule": RULE, "pass": passed, "why": why}],
    }


METRICS: list[Document] = [
    {"name": "net_revenue", "unit": "currency", "direction": "higher", "description": "Revenue less loss."},
    {
        "name": "moved_revenue_share",
        "unit": "share, 0 to 1",
        "direction": "lower",
        "description": "Revenue that moves.",
    },
    {"name": "forced", "unit": "seats", "direction": "none", "description": "Seats that have to move."},
    {"name": "travel", "unit": "km", "direction": "lower", "description": "Distances."},
    {"name": "gap", "unit": "share of the objective", "direction": "lower", "description": "Proven gap."},
]
VERDICT: Document = {
    "outcome": "decided",
    "winner": "gentle",
    "why": "The plans of gentle beat every plan that the hard rules of each other policy admit.",
    "intervals": [
        {"policy_id": "gentle", "low": 1500.0, "high": 1515.0},
        {"policy_id": "hard", "low": 1300.0, "high": 1450.0},
        {"policy_id": "rigid", "low": None, "high": None, "infeasible": True},
    ],
    "by_pair": [
        {"a": "gentle", "b": "hard", "outcome": "a", "low": 50.0, "high": 215.0},
        {"a": "gentle", "b": "rigid", "outcome": "a", "low": None, "high": None},
        {"a": "hard", "b": "rigid", "outcome": "b", "low": None, "high": None},
    ],
}
FRONTIER: Document = {
    "problem_id": "emea",
    "policy_id": "hard",
    "request": {"bounds": [{"metric": "balance", "from": 0.05, "to": 0.3}], "points": 4},
    "points": [
        {"bounds": [0.05], "status": "infeasible"},
        {"bounds": [0.1], "objective": 800.0, "dual_bound": 808.0, "gap": 0.01, "status": "efficient", "seconds": 1.5},
        {"bounds": [0.2], "objective": 990.0, "dual_bound": 1000.0, "gap": 0.0102, "status": "efficient", "knee": True},
        {"bounds": [0.25], "objective": 991.0, "dual_bound": 1003.0, "gap": 0.0122, "status": "inconclusive"},
        {"bounds": [0.3], "objective": 1000.0, "dual_bound": 1000.0, "gap": 0.0, "status": "dominated"},
    ],
    "knee_definition": "The point farthest beyond the chord.",
}
CHURN: Document = {
    "policies": list(POLICIES),
    "accounts": [[0, 7, None], [7, 0, 3], [None, 3, 0]],
    "revenue": [[0, 7777, None], [7777, 0, 333], [None, 333, 0]],
    "pairs": [
        {
            "a": "gentle",
            "b": "hard",
            "accounts": 7,
            "revenue": 7777.0,
            "by_rep": [
                {
                    "problem_id": "emea",
                    "rep_id": "r1",
                    "gained": 5,
                    "lost": 2,
                    "gained_revenue": 5000,
                    "lost_revenue": 2777,
                }
            ],
            "changes": [
                {
                    "problem_id": "emea",
                    "account_id": "acme",
                    "role": "account_executive",
                    "a": "r1",
                    "b": None,
                    "revenue": 4321,
                }
            ],
            "more_changes": 6,
        },
        {"a": "hard", "b": "rigid", "accounts": 3, "revenue": 333.0, "by_rep": [], "changes": [], "more_changes": 3},
    ],
}
_PRICE: Document = {"problem_id": "emea", "policy_id": "hard", "solution_status": "feasible"}
PRICES: list[Document] = [
    {**_PRICE, "dropped": ["balance"], "price_low": 90.0, "price_high": 111.0, "objective": 990.0, "penalty": 12.0},
    {**_PRICE, "dropped": ["balance", "capacity"], "price_low": None, "price_high": None, "unlocks": True},
]
_QUANTILES: Document = {"mean": 880.0, "p10": 810.0, "p50": 885.0, "p90": 940.0, "samples": 20}
STABILITY: list[Document] = [
    {
        "problem_id": "emea",
        "policy_id": "hard",
        "objective": _QUANTILES,
        "broken": {**_QUANTILES, "mean": 0.35},
        "feasible_share": 0.85,
        "regret": {**_QUANTILES, "mean": 21.0, "p10": 4.0, "p90": 44.0},
        "persistence": {
            "mean": 0.91,
            "p10": 0.7,
            "samples": 20,
            "histogram": [0, 0, 0, 0, 0, 0, 1, 2, 3, 14],
            "seats": [
                {"account_id": "acme", "role": "account_executive", "rep_id": "r1", "share": 0.65, "revenue": 4321.0}
            ],
        },
        "infeasible": 2,
    }
]
_CELL: Document = {"problem_id": "emea", "seed": 0, "job_status": "completed"}
CELLS: list[Document] = [
    {**_CELL, "key": "1", "kinds": ["policy"], "labels": ["gentle"], "solution_status": "feasible"},
    {**_CELL, "key": "2", "kinds": ["policy"], "labels": ["hard"], "solution_status": "optimal"},
    {**_CELL, "key": "3", "kinds": ["policy"], "labels": ["rigid"], "solution_status": "infeasible"},
    {**_CELL, "key": "4", "kinds": ["rule"], "labels": ["without capacity"], "solution_status": "no_solution_found"},
]
