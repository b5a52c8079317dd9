"""The program says of every choice what the ledger says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import Choice, best_column, to_choice, to_point, to_program
from coverplan.mip.feasibility import is_feasible
from support.by_hand import book, worth
from support.formulations import formulation_of
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]
PICKS = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def _choice(formulation: Formulation, picks: list[int]) -> Choice:
    """The n-th open column of each unit, or none."""
    pairs = formulation.pairs
    choice = np.full(pairs.n_units, -1, np.int64)
    for unit, pick in zip(range(pairs.n_units), picks, strict=False):
        columns = np.flatnonzero((pairs.column_unit == unit) & formulation.open_column)
        if pick < len(columns) or (len(columns) and not formulation.may_idle[unit]):
            choice[unit] = columns[min(pick, len(columns) - 1)]
    return choice


@examples(80)
@given(rich_problems(), rich_policies(), PICKS)
def test_program_and_ledger_agree(problem: Document, policy: Document, picks: list[int]) -> None:
    """Objective and feasibility of a random choice, through `to_point` and back through `to_choice`."""
    formulation = formulation_of(problem, policy)
    if formulation is None or formulation.impossible:
        return
    choice, program = _choice(formulation, picks), to_program(formulation)
    if not formulation.may_idle[choice < 0].all():
        return

    account, point = ledger(formulation, choice), to_point(formulation, program, choice)

    assert is_feasible(program, point) == account.feasible
    assert np.array_equal(to_choice(formulation, point), choice)
    if account.feasible:
        assert program.value(point) == pytest.approx(account.objective, rel=1e-9, abs=1e-6)


def test_the_larger_of_x_and_z_decides() -> None:
    """0.4, 0.35 and 0.25 uncovered: the first rep; then 0.2, 0.3 and 0.5: nobody."""
    formulation = formulation_of(book({"a": worth(9)}, {"ana": {}, "bo": {}}), {"constraints": []})
    assert formulation is not None

    assert to_choice(formulation, np.array([0.4, 0.35, 0.25])).tolist() == [0]
    assert to_choice(formulation, np.array([0.2, 0.3, 0.5])).tolist() == [-1]


def test_a_locked_seat_is_never_left_out() -> None:
    """Whatever the point says, a stays with Bo."""
    problem = book({"a": worth(9, "bo", locked=True)}, {"ana": {}, "bo": {}})
    formulation = formulation_of(problem, {"constraints": []})
    assert formulation is not None

    assert to_choice(formulation, np.array([0.9, 0.05, 0.05])).tolist() == [1]
    assert to_choice(formulation, np.array([0.0, 0.0, 1.0])).tolist() == [1]


def test_the_first_of_equal_columns_is_best_and_units_without_any_have_none() -> None:
    """a has two equal reps, b none."""
    problem = book({"a": worth(9), "b": worth(9, required_skills=["x"])}, {"ana": {}, "bo": {}})
    formulation = formulation_of(problem, {"constraints": []})
    assert formulation is not None

    assert best_column(formulation, np.array([3.0, 3.0])).tolist() == [0, -1]
