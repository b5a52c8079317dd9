"""Truncation: which reps the solver is given when there are too many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.testing import assert_array_equal

from coverplan.constraints.family import Family
from coverplan.domain.candidates import Candidates
from support.by_hand import book
from support.domain import candidates_of


def _listed(pairs: Candidates, per_seat: int, seed: int = 0) -> list[set[str]]:
    """Reps on each unit's list."""
    reps, kept = pairs.instance.reps.ids, pairs.shortlist(per_seat, seed)
    return [
        {reps[rep] for rep in pairs.column_rep[kept & (pairs.column_unit == unit)]} for unit in range(pairs.n_units)
    ]


def _equals(accounts: int, reps: int) -> dict[str, Any]:
    """Accounts and reps that nothing tells apart, but for the rep who holds an account today."""
    return book(
        {f"a{place}": {"current": [{"rep_id": f"r{place % reps}"}]} for place in range(accounts)},
        {f"r{place}": {} for place in range(reps)},
    )


def test_the_current_rep_is_always_listed() -> None:
    """Thirty accounts, ten reps, two each: the holder is one of the two."""
    pairs = candidates_of(_equals(30, 10))

    listed = _listed(pairs, 2)

    assert all(len(reps) == 2 for reps in listed)
    assert all(f"r{place % 10}" in reps for place, reps in enumerate(listed))


def test_the_same_seed_gives_the_same_list_and_another_one_another() -> None:
    """Seeded, not random."""
    pairs = candidates_of(_equals(30, 10))

    assert_array_equal(pairs.shortlist(3, 5), pairs.shortlist(3, 5))
    assert (pairs.shortlist(3, 5) != pairs.shortlist(3, 6)).any()


def test_equal_seats_get_different_reps() -> None:
    """Of 300 seats at 3 of 10 reps, each rep expects 90; everybody gets at least half of that."""
    problem = _equals(300, 10)
    for account in problem["accounts"]:
        account["current"] = []
    pairs = candidates_of(problem)

    counts = np.bincount(pairs.column_rep[pairs.shortlist(3, 0)], minlength=10)

    assert counts.sum() == 900
    assert counts.min() >= 45


def test_the_nearest_reps_are_listed_even_next_door() -> None:
    """Ten reps at 0 to 9 degrees and five of unknown place: of four, two are the nearest, at 0 and 111 km."""
    near = {f"r{lon}": {"location": {"lat": 0, "lon": lon}} for lon in range(10)}
    problem = book({"a": {"location": {"lat": 0, "lon": 0}}}, {**{f"u{place}": {} for place in range(5)}, **near})
    pairs = candidates_of(problem)

    for seed in range(20):
        (listed,) = _listed(pairs, 4, seed)
        assert len(listed) == 4
        assert {"r0", "r1"} <= listed


def test_a_family_keeps_the_reps_of_all_its_members() -> None:
    """Three members held by three reps stay with all three on a list of two."""
    problem = _equals(3, 6)
    for account in problem["accounts"][1:]:
        account["parent_id"] = "a0"

    (listed,) = _listed(candidates_of(problem, Family()), 2)

    assert listed == {"r0", "r1", "r2"}
