"""A time limit covers all that comes after the problem is loaded: rounding and the plan's document too."""

from __future__ import annotations

import gc
import json
import time
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coverplan.domain.book import Book
from coverplan.payload.answer import request_of, solve
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.pricing.bound import Prices
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.rounding import rounded
from coverplan.runs.run import CLOSING_S_PER_SEAT, Run, Setting, formulate
from coverplan.tables.generate import generate
from support.brute import documents

PROBLEM = generate(accounts=300, reps=12, pairs=6, seed=2)
POLICY: dict[str, Any] = {"constraints": [{"kind": "capacity"}]}


def _run(limit: float) -> Run:
    facts, wishes = documents(PROBLEM, POLICY)
    request = request_of(Book.of(to_instance(facts)), wishes, Options(time_limit_s=limit), None)
    return Run(request, formulate(request), Setting(None, None, time.monotonic(), ""))


@pytest.mark.parametrize(("limit", "share"), [(10.0, None), (0.002, 0.5)])
def test_time_is_left_for_the_document(limit: float, share: float | None) -> None:
    """So much per seat, but no more than half of the limit."""
    run = _run(limit)
    closing = CLOSING_S_PER_SEAT * len(run.request.book.seats) if share is None else share * limit

    run.incumbent.began = time.monotonic()
    assert run.remaining() <= limit - closing
    run.incumbent.began = time.monotonic() + 1.0  # a second of it is left over
    assert run.remaining() > limit - closing + 0.5


def test_rounding_ends_with_the_time() -> None:
    """What is not placed by then stays uncovered, and nobody is overloaded."""
    formulation = _run(10.0).formulation
    zero = np.zeros(formulation.n_rows)
    landscape = Landscape(formulation, Prices(zero, zero))

    late, early = rounded(landscape, time.monotonic() - 1.0), rounded(landscape)

    assert (late < 0).sum() > (early < 0).sum()
    assert_array_equal(late[late >= 0], landscape.argmax()[late >= 0])
    taken = np.zeros(formulation.pairs.n_columns)
    taken[late[late >= 0]] = 1.0
    assert (formulation.matrix @ taken <= formulation.upper + 1e-6).all()


def test_no_garbage_is_sought_while_the_document_is_put_together() -> None:
    """More than a thousand documents at once are more than enough to have it sought; afterwards it is again."""
    problem = generate(accounts=4_000, reps=20, pairs=3, seed=2)
    phase, sought = "", []

    def listen(progress: Any) -> None:
        nonlocal phase
        phase = progress.phase

    def seek(when: str, info: dict[str, int]) -> None:
        if when == "start" and phase == "done" and info["generation"] == 0:
            sought.append(info)

    gc.callbacks.append(seek)
    try:
        plan = solve(*documents(problem, POLICY), Options(relative_gap=0.1), listen=listen)
    finally:
        gc.callbacks.remove(seek)

    assert len(json.loads(plan.model_dump_json())["assignments"]) > 1_000
    assert len(sought) < 5
    assert gc.isenabled()
