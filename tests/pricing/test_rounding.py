"""Rounding and the standing of a choice, recounted by the ledger and worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.formulation.ledger import ledger
from coverplan.pricing.bound import Prices, admissible
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.part import part_of
from coverplan.pricing.rounding import rounded
from coverplan.pricing.standing import Standing
from coverplan.tables.generate import generate
from support.by_hand import book, worth
from support.formulations import formulation_of
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]


def test_who_loses_least_by_leaving_leaves() -> None:
    """Ana, 8 hours, is worth twice as much to everybody; of three accounts of 4 hours the cheapest goes to Bo.

    At no prices all three want Ana: a 100, b 80, c 20 there, half with Bo. c gives up 10, b 40, a 50.
    """
    problem = book(
        {name: worth(money, hours=4) for name, money in (("a", 100), ("b", 80), ("c", 20))},
        {"ana": {"capacity_hours": 8}, "bo": {"capacity_hours": 8}},
        fit=[{"rep_id": "bo", "segment": "default", "multiplier": 0.5}],
    )
    formulation = formulation_of(problem, {"constraints": [{"kind": "capacity"}]})
    assert formulation is not None
    nothing = np.zeros(formulation.n_rows)

    choice = rounded(Landscape(formulation, Prices(nothing, nothing)))

    reps = [formulation.pairs.instance.reps.ids[formulation.pairs.column_rep[column]] for column in choice]
    assert reps == ["ana", "ana", "bo"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_hard_capacity_is_overrun(seed: int) -> None:
    """Whatever the prices; what found no room stays uncovered or, where it may not, over the edge."""
    problem = json.loads(json.dumps(generate(accounts=300, reps=12, pairs=5, seed=seed), default=str))
    formulation = formulation_of(problem, {"constraints": [{"kind": "capacity"}]})
    assert formulation is not None
    prices = admissible(formulation, np.random.default_rng(seed).uniform(0, 200, formulation.n_rows))

    choice = rounded(Landscape(formulation, prices))

    assert ledger(formulation, choice).feasible
    assert (choice >= 0).mean() > 0.5


@examples(60)
@given(rich_problems(), rich_policies(), st.integers(0, 10_000))
def test_moves_keep_the_account_of_a_choice(problem: Document, policy: Document, seed: int) -> None:
    """After random moves the standing says what the ledger counts anew: objective and feasibility."""
    formulation = formulation_of(problem, policy)
    if formulation is None or any(block.joined is None for _, block in formulation.linked):
        return
    rng, pairs = np.random.default_rng(seed), formulation.pairs
    standing = Standing(formulation, np.full(pairs.n_units, -1, np.int64))
    for _ in range(4):
        unit = int(rng.integers(pairs.n_units))
        columns = np.append(np.arange(pairs.unit_start[unit], pairs.unit_start[unit + 1]), -1)
        standing.take(standing.move(np.array([unit]), rng.choice(columns, 1)))

    account = ledger(formulation, standing.choice)

    fixed = sum(state.cost for state in account.rules if state.rule.kind in ("protect", "must_cover"))
    assert standing.objective == pytest.approx(account.objective, rel=1e-9, abs=1e-6), fixed
    hard = [s for s in account.rules if s.rule.penalty is None and s.rule.kind not in ("protect", "must_cover")]
    assert standing.feasible == (not any(state.broken.any() for state in hard))


@examples(60)
@given(rich_problems(), rich_policies(), st.integers(0, 10_000))
def test_a_part_of_everything_reads_its_choice_back(problem: Document, policy: Document, seed: int) -> None:
    """All units free: the point of a choice, read back, is the choice, but for columns that are closed."""
    formulation = formulation_of(problem, policy)
    if formulation is None or any(block.joined is None for _, block in formulation.linked):
        return
    rng, pairs = np.random.default_rng(seed), formulation.pairs
    choice = np.full(pairs.n_units, -1, np.int64)
    for unit in range(pairs.n_units):
        columns = np.append(np.arange(pairs.unit_start[unit], pairs.unit_start[unit + 1]), -1)
        choice[unit] = rng.choice(columns)
    standing = Standing(formulation, choice)
    if not standing.feasible or formulation.n_rows == 0 or pairs.n_columns == 0:
        return

    part = part_of(standing, np.arange(pairs.n_units), np.flatnonzero(formulation.open_column))

    columns = part.picked(part.point(choice))
    closed = (choice >= 0) & ~formulation.open_column[np.maximum(choice, 0)]
    assert columns[~closed].tolist() == choice[~closed].tolist()
