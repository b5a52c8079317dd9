"""The least violating choice: where no plan keeps every hard rule, the one that misses them least."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.formulation.build import Formulation, build
from coverplan.formulation.program import Choice, to_choice, to_point, to_program
from coverplan.mip.program import Floats, Limits, Program
from coverplan.pricing.bound import Prices
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.rounding import rounded
from coverplan.solvers.racer import Racer
from coverplan.solvers.registry import backend

AT_ONCE_UP_TO, POLL_S = 3_000, 0.02
"""Columns up to which HiGHS keeps to its time limit; beyond, it may spend several times as long on its first node and
is given a process that can be killed. Seconds between two looks at it."""
DOMINANCE = 100.0
"""How many times a typical violation outweighs the most valuable column, or the dearest uncovered unit."""


def near_miss(formulation: Formulation, prices: Prices | None) -> Choice:
    """A choice that overloads nobody where it can: seats that must be covered, or kept, are missed before that."""
    seatwise = {part.rule.id for part in formulation.separable.rules}
    milder = build(formulation.pairs, _elastic(formulation, lambda rule: rule.id in seatwise), formulation.weights)
    zero = np.zeros(formulation.n_rows)
    return rounded(Landscape(milder, Prices(zero, zero) if prices is None else prices))


def least_violating(formulation: Formulation, known: Choice, limits: Limits) -> Choice:
    """Search once more with every hard rule paid for, from a known choice; its bounds are nobody's but its own."""
    deadline = time.monotonic() + limits.time_limit_s
    elastic = build(formulation.pairs, _elastic(formulation, lambda _: True), formulation.weights)
    program = to_program(elastic)
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        return known
    limits = replace(limits, time_limit_s=seconds, relative_gap=1e-2, absolute_gap=0.0)
    start = to_point(elastic, program, known)
    if elastic.pairs.n_columns <= AT_ONCE_UP_TO:
        x = backend("highs").solve(program, limits, start).x
    else:
        x = _raced(program, limits, start, deadline)
    return known if x is None else to_choice(elastic, x)


def _raced(program: Program, limits: Limits, start: Floats, deadline: float) -> Floats | None:
    """The best point until the deadline, whatever the backend thinks of its time limit."""
    best = None
    with Racer(program, limits, start) as racer:
        while racer.running and time.monotonic() < deadline:
            for step in racer.news():
                best = best if step.x is None else step.x
            time.sleep(POLL_S)
    return best if racer.result is None or racer.result.x is None else racer.result.x


def _elastic(formulation: Formulation, which: Callable[[Constraint], bool]) -> list[Constraint]:
    """Some hard rules with a penalty that outweighs the objective; families stay merged."""
    values = np.abs(np.concatenate([formulation.value, formulation.idle_value]))
    most = max(1.0, float(values.max(initial=0.0)))
    size = {
        part.rule.id: float(rows.typical_sizes()[part.span].max(initial=0.0)) or 1.0
        for rows in (formulation.priced, formulation.separable)
        for part in rows.rules
    }
    return [
        rule
        if rule.penalty is not None or rule.kind == "family" or not which(rule)
        else rule.model_copy(update={"penalty": DOMINANCE * most / max(1e-9, size.get(rule.id, 1.0))})
        for rule in formulation.rules
    ]
