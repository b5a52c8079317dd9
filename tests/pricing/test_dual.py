"""The smoothed dual against the linear relaxation, whose optimum no dual bound can undercut."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from coverplan.domain.book import Book
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import to_program
from coverplan.payload.answer import request_of
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.pricing.bound import upper_bound
from coverplan.pricing.dual import Found, SmoothedDual
from coverplan.runs.run import formulate
from coverplan.solvers.relaxation import relaxation
from coverplan.tables.generate import generate

RULES: dict[str, list[dict[str, Any]]] = {
    "capacity": [{"kind": "capacity"}],
    "soft balance, two-sided": [{"kind": "capacity"}, {"kind": "balance", "penalty": 0.2, "tolerance": 0.05}],
    "a global cap on moves": [
        {"kind": "capacity"},
        {"kind": "must_cover"},
        {"kind": "keep_current", "max_moved_share": 0.05},
    ],
    "hard bands and a family": [{"kind": "balance", "tolerance": 0.4}, {"kind": "family"}],
    "uncovered seats in a row": [{"kind": "capacity"}, {"kind": "revenue_target", "target": 9e7, "penalty": 0.5}],
}


def _formulation(rules: list[dict[str, Any]]) -> Formulation:
    problem = Problem.model_validate_json(json.dumps(generate(accounts=250, reps=8, pairs=4, seed=2)))
    policy = Policy.model_validate_json(json.dumps({"constraints": rules}))
    return formulate(request_of(Book.of(to_instance(problem)), policy, Options(), None))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
def test_the_bound_comes_close_to_the_relaxation_from_above(rules: list[dict[str, Any]]) -> None:
    """Within 1e-5 of the optimum of the linear relaxation, and never below it."""
    formulation = _formulation(rules)
    relaxed = relaxation(to_program(formulation), 30.0)
    assert relaxed is not None
    assert relaxed.objective is not None

    found = SmoothedDual(formulation).minimise(time.monotonic() + 30.0)

    above = (found.bound - relaxed.objective) / abs(relaxed.objective)
    assert -1e-9 <= above <= 1e-5


def test_every_bound_told_is_proven_by_its_prices() -> None:
    """Also those on the way, and they fall."""
    formulation = _formulation(RULES["a global cap on moves"])
    told: list[Found] = []

    SmoothedDual(formulation).minimise(time.monotonic() + 30.0, tell=told.append)

    assert len(told) >= 2
    assert [found.bound for found in told] == sorted((found.bound for found in told), reverse=True)
    assert all(found.bound == upper_bound(formulation, found.prices) for found in told)
    assert all((found.prices.upper <= formulation.penalty).all() for found in told)


def test_given_prices_are_where_it_starts() -> None:
    """A deadline that has passed leaves the bound of the given prices, not that of no prices."""
    formulation = _formulation(RULES["capacity"])
    dual = SmoothedDual(formulation)
    best = dual.minimise(time.monotonic() + 30.0)

    again = dual.minimise(time.monotonic() - 1.0, start=best.prices)

    np.testing.assert_allclose(again.bound, best.bound, rtol=1e-12)
