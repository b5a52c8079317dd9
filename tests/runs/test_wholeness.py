"""Where the linear relaxation is a plan: known by structure or seen by looking, and taken by every method."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from coverplan.formulation.program import to_program
from coverplan.mip.program import Status
from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.pricing import knapsack
from coverplan.pricing.knapsack import Knapsacks
from coverplan.runs import choice, priced
from coverplan.runs.wholeness import is_transport, is_whole
from coverplan.solvers.relaxation import relaxation
from support.brute import documents
from support.formulations import formulation_of
from support.sampling import examples

Document = dict[str, Any]
CAPACITY: Document = {"constraints": [{"kind": "capacity"}]}


def _problem(values: np.ndarray[Any, Any], hours: Any = 1.0, capacity: Any = 2.0) -> Document:
    """Every rep may take every account, at these values, (reps, accounts), and hours."""
    n_reps, n_accounts = values.shape
    hours = np.broadcast_to(hours, values.shape)
    return {
        "reps": [
            {"id": f"r{rep}", "capacity_hours": float(np.broadcast_to(capacity, n_reps)[rep])} for rep in range(n_reps)
        ],
        "accounts": [{"id": f"a{account}"} for account in range(n_accounts)],
        "pairs": [
            {"account_id": f"a{a}", "rep_id": f"r{r}", "value": float(values[r, a]), "hours": float(hours[r, a])}
            for r, a in itertools.product(range(n_reps), range(n_accounts))
        ],
    }


@pytest.mark.parametrize(
    ("hours", "capacity", "rules", "transport"),
    [
        (1.0, 2.0, [], True),
        (2.5, [5.0, 7.5, 0.0], [], True),  # two, three and none
        ([[1.0], [2.0], [4.0]], [2.0, 4.0, 4.0], [], True),  # equal for each rep
        (2.0, 3.0, [], False),  # one and a half
        ([[1.0, 1.0, 1.0, 2.0]], 2.0, [], False),  # one account takes longer
        (1.0, 2.0, [{"kind": "account_count", "max": 1}], False),  # two rows per column
        (1.0, 2.0, [{"kind": "spread", "max": 2}], False),
    ],
)
def test_transport_problems_are_known_by_their_rows(
    hours: Any, capacity: Any, rules: list[Document], transport: bool
) -> None:
    """Three reps and four accounts."""
    problem = _problem(np.arange(12.0).reshape(3, 4) + 1.0, hours, capacity)
    formulation = formulation_of(problem, {"constraints": [{"kind": "capacity"}, *rules]})

    assert formulation is not None
    assert is_transport(formulation) is transport


@examples(40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 7), st.booleans())
def test_the_relaxation_of_a_transport_problem_is_a_plan(seed: int, n_reps: int, n_accounts: int, soft: bool) -> None:
    """Random capacities, in whole multiples of hours that differ from rep to rep; hard rows and soft ones."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(1, 9, (n_reps, 1)) / 4.0
    capacity = hours[:, 0] * rng.integers(0, 4, n_reps)
    problem = _problem(rng.integers(1, 100, (n_reps, n_accounts)).astype(float), hours, capacity)
    rule = {"kind": "capacity", **({"penalty": float(rng.integers(1, 40))} if soft else {})}
    formulation = formulation_of(problem, {"constraints": [rule]})
    assert formulation is not None
    assert is_transport(formulation)

    relaxed = relaxation(to_program(formulation), 10.0)

    assert relaxed is not None
    assert relaxed.status is Status.OPTIMAL
    assert is_whole(formulation, relaxed)


@pytest.mark.parametrize("method", ["auto", "dense", "priced"])
def test_every_method_takes_it(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """An assignment problem of 24 accounts and 24 reps, against the Hungarian method; nothing is searched."""
    values = np.random.default_rng(4).integers(1, 1000, (24, 24)).astype(float)
    row, column = linear_sum_assignment(values, maximize=True)
    monkeypatch.setattr(choice, "PRICED_FROM", 0)
    if method != "auto":  # also where the structure does not tell
        monkeypatch.setattr(choice, "is_transport", lambda _: False)
    if method == "priced":
        monkeypatch.setattr(choice, "DENSE_FROM", 10**6)

    plan = solve(*documents(_problem(values, capacity=1.0), CAPACITY), Options(relative_gap=0.0))

    assert plan.solution_status == "optimal"
    assert plan.objective is not None
    assert plan.objective.value == pytest.approx(values[row, column].sum())
    assert plan.method.used == ("exact" if method == "auto" else "priced")
    assert not {"knapsacks", "rounding", "finish", "neighbourhoods"} & set(plan.metrics.seconds)


def test_large_sizes_are_relaxed_only_where_that_solves_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the entries that are quick, a transport problem is worth the wait; any other goes to the smoothed dual."""
    values = np.random.default_rng(4).integers(1, 1000, (5, 20)).astype(float)
    relaxations: list[int] = []

    def counted(*arguments: Any) -> Any:
        relaxations.append(1)
        return relaxation(*arguments)

    monkeypatch.setattr("coverplan.runs.wholeness.QUICK_ENTRIES", 0)
    monkeypatch.setattr(priced, "relaxation", counted)
    for hours, asked in ((1.0, 1), (np.random.default_rng(5).integers(1, 4, (5, 20)), 0)):
        relaxations.clear()
        solve(*documents(_problem(values, hours, 6.0), CAPACITY), Options(method="priced", relative_gap=0.01))
        assert len(relaxations) == asked


def test_whole_knapsacks_are_for_what_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their tables have a place for every rep and seat, whether or not that is a pair."""
    problem = _problem(np.ones((3, 4)), [[1.0, 1.0, 1.0, 2.0]])
    problem["pairs"] = problem["pairs"][:5]
    formulation = formulation_of(problem, CAPACITY)
    assert formulation is not None

    for most, fits in ((12, True), (11, False)):
        monkeypatch.setattr(knapsack, "MOST_CELLS", most)
        assert (Knapsacks.of(formulation) is not None) is fits
