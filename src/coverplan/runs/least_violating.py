"""The least violating choice: where no plan keeps every hard rule, the one that misses them least."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.formulation.build import Formulation, build
from coverplan.formulation.program import Choice, best_column, to_choice, to_program
from coverplan.mip.program import Limits
from coverplan.pricing.bound import Prices, reduced
from coverplan.solvers.registry import backend

DOMINANCE = 100.0
"""How many times a typical violation outweighs the most valuable column, or the dearest uncovered unit."""


def least_violating(formulation: Formulation, prices: Prices | None, limits: Limits) -> Choice:
    """Solve once more with every hard rule paid for; without time left, take the best column of each unit."""
    elastic = build(formulation.pairs, _elastic(formulation), formulation.weights)
    if limits.time_limit_s > 0.05:
        limits = replace(limits, relative_gap=1e-2, absolute_gap=0.0)
        result = backend("highs").solve(to_program(elastic), limits)
        if result.x is not None:
            return to_choice(elastic, result.x)
    zero = np.zeros(formulation.n_rows)
    columns, idle = reduced(formulation, Prices(zero, zero) if prices is None else prices)
    choice = best_column(formulation, columns)
    best = np.where(choice >= 0, columns[choice], -np.inf) if len(columns) else np.full(len(idle), -np.inf)
    return np.where(best >= idle, choice, -1)


def _elastic(formulation: Formulation) -> list[Constraint]:
    """Hard rules with a penalty that outweighs the objective; families stay merged."""
    values = np.abs(np.concatenate([formulation.value, formulation.idle_value]))
    most = max(1.0, float(values.max(initial=0.0)))
    size = {
        part.rule.id: float(rows.typical_sizes()[part.span].max(initial=0.0)) or 1.0
        for rows in (formulation.priced, formulation.separable)
        for part in rows.rules
    }
    return [
        rule
        if rule.penalty is not None or rule.kind == "family"
        else rule.model_copy(update={"penalty": DOMINANCE * most / max(1e-9, size.get(rule.id, 1.0))})
        for rule in formulation.rules
    ]
