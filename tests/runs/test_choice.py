"""Which method solves what, and that the plan says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coverplan.domain.book import Book
from coverplan.payload.answer import request_of
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.runs.choice import method_of
from coverplan.runs.run import formulate
from coverplan.tables.generate import generate

SMALL, LARGE = (60, 6), (1_000, 20)
TIED = [{"kind": "capacity"}, {"kind": "spread", "max": 2}]
MERGED = [{"kind": "capacity"}, {"kind": "family"}]


@pytest.mark.parametrize(
    ("size", "options", "rules", "method", "word"),
    [
        (SMALL, {}, None, "exact", "small enough"),
        (SMALL, {"method": "priced"}, None, "priced", "asked for"),
        (LARGE, {}, None, "priced", "prices"),  # about 8,000 pairs
        (LARGE, {}, MERGED, "priced", "prices"),  # hard families merge seats, and merged seats have prices
        (LARGE, {}, TIED, "exact", "spread"),
        (LARGE, {"method": "priced"}, TIED, "exact", "spread"),
        (LARGE, {"backend": "cp_sat"}, None, "exact", "cp_sat"),
        (LARGE, {"deterministic": True}, None, "exact", "work"),
        (LARGE, {"work_limit": 50.0}, None, "exact", "work"),
        (LARGE, {"method": "exact"}, None, "exact", "asked for"),
    ],
)
def test_method(
    size: tuple[int, int], options: dict[str, Any], rules: list[Any] | None, method: str, word: str
) -> None:
    accounts, reps = size
    problem = Problem.model_validate_json(json.dumps(generate(accounts=accounts, reps=reps, pairs=8, seed=1)))
    policy = Policy.model_validate_json(json.dumps({"constraints": rules}))
    request = request_of(Book.of(to_instance(problem)), policy, Options(**options), None)

    used, why = method_of(request, formulate(request))

    assert used == method
    assert word in why
