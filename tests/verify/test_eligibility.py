"""Who may fill a seat: role and dates strictly, the other rules unless the rep has the seat today."""

from typing import Any

import pytest

from coverplan.verify import Judge

Document = dict[str, Any]

TERRITORIES = [{"id": "us"}, {"id": "west", "parent_id": "us"}, {"id": "east", "parent_id": "us"}]
SEGMENTS = [{"id": "big"}, {"id": "small"}]


def judge(account: Document, rep: Document, pairs: list[Document], candidates: Document) -> Judge:
    """One account, the rep `r` in question, and `other`, who may always."""
    problem = {
        "territories": TERRITORIES,
        "segments": SEGMENTS,
        "accounts": [{"id": "a", "segment": "big", "territory_id": "west", **account}],
        "reps": [{"id": "r", **rep}, {"id": "other"}],
        "pairs": pairs,
    }
    return Judge(problem, {"candidates": candidates, "constraints": []})


def admits(given: Judge) -> bool:
    """Whether assigning the account to r is admissible."""
    found = given.evaluate([{"account_id": "a", "rep_id": "r"}])
    assert {failure.code for failure in found.hard_violations} <= {"not_admissible"}
    return found.feasible


NEAR = {"location": {"lat": 0, "lon": 1}}  # 111.2 km away
ENTRY = {"account_id": "a", "rep_id": "r"}
PRICED_OTHER = {"account_id": "a", "rep_id": "other", "value": 1}

RULES: list[tuple[Document, Document, list[Document], Document, bool]] = [
    ({}, {}, [], {}, True),
    ({}, {"territory_ids": ["west"]}, [], {}, True),
    ({}, {"territory_ids": ["us"]}, [], {}, True),  # a parent covers its children
    ({}, {"territory_ids": ["east"]}, [], {}, False),
    ({}, {"territory_ids": ["east"]}, [], {"respect_territories": False}, True),
    ({"territory_id": "us"}, {"territory_ids": ["west"]}, [], {}, False),  # a child does not cover its parent
    ({"territory_id": None}, {"territory_ids": ["east"]}, [], {}, True),
    ({}, {"segments": ["big"]}, [], {}, True),
    ({}, {"segments": ["small"]}, [], {}, False),
    ({"required_skills": ["x", "y"]}, {"skills": ["x", "y", "z"]}, [], {}, True),
    ({"required_skills": ["x", "y"]}, {"skills": ["x"]}, [], {}, False),
    ({"location": {"lat": 0, "lon": 0}}, NEAR, [], {"max_distance_km": 112}, True),
    ({"location": {"lat": 0, "lon": 0}}, NEAR, [], {"max_distance_km": 111}, False),
    ({}, NEAR, [], {"max_distance_km": 1}, True),  # no location, no limit
    ({}, {}, [PRICED_OTHER], {}, False),  # a value for another rep closes the account
    ({}, {}, [PRICED_OTHER, {**ENTRY, "hours": 2}], {}, True),  # listed, if without a value
    ({}, {}, [{"account_id": "a", "rep_id": "other", "hours": 1, "eligible": True}], {}, True),  # closes nothing
    ({}, {"territory_ids": ["east"]}, [{**ENTRY, "eligible": True}], {}, True),
    ({}, {"territory_ids": ["east"]}, [{**ENTRY, "hours": 2}], {}, False),
]


@pytest.mark.parametrize(("account", "rep", "pairs", "candidates", "expected"), RULES)
def test_rules(account: Document, rep: Document, pairs: list[Document], candidates: Document, expected: bool) -> None:
    """Territory tree, segment, skills, distance, closure and its overrides."""
    assert admits(judge(account, rep, pairs, candidates)) is expected


@pytest.mark.parametrize(("account", "rep", "pairs", "candidates", "expected"), RULES)
def test_the_current_rep_passes_all_of_them(
    account: Document, rep: Document, pairs: list[Document], candidates: Document, expected: bool
) -> None:
    """No rule drives out the rep who has the seat."""
    assert admits(judge({**account, "current": [{"rep_id": "r"}]}, rep, pairs, candidates))


@pytest.mark.parametrize("current", [[], [{"rep_id": "r"}]])
@pytest.mark.parametrize(
    ("rep", "pairs"),
    [
        ({"role": "sales_engineer"}, []),
        ({"end_date": "2026-12-31"}, []),
        ({"start_date": "2028-01-01"}, []),
        ({}, [{**ENTRY, "eligible": False}]),
        ({"end_date": "2026-12-31"}, [{**ENTRY, "eligible": True}]),
    ],
)
def test_role_dates_and_exclusion_are_strict(rep: Document, pairs: list[Document], current: list[Document]) -> None:
    """Not even the current rep or an `eligible: true` passes; the move is then forced."""
    given = judge({"current": current}, rep, pairs, {})

    assert not admits(given)
    assert given.case.forced == [bool(current)]


def test_a_current_rep_who_is_gone_makes_a_forced_move() -> None:
    """Their id is in no rep."""
    given = judge({"current": [{"rep_id": "gone"}], "locked": True}, {}, [], {})

    assert given.case.forced == [True]
    assert given.case.locked == [False]  # nothing to be locked to
    assert admits(given)


def test_a_locked_seat_stays() -> None:
    """Moved or uncovered, the lock is broken."""
    given = judge({"current": [{"rep_id": "r"}], "locked": True}, {}, [], {})

    assert given.evaluate([{"account_id": "a", "rep_id": "r"}]).feasible
    for other in ([{"account_id": "a", "rep_id": "other"}], []):
        assert [failure.code for failure in given.evaluate(other).hard_violations] == ["lock_broken"]


def family(pairs: list[Document]) -> Judge:
    """Mother (west, with r) and child (east, nobody): r covers the west only, q everything, s the east only."""
    problem = {
        "territories": TERRITORIES,
        "accounts": [
            {"id": "m", "territory_id": "west", "current": [{"rep_id": "r"}]},
            {"id": "c", "parent_id": "m", "territory_id": "east"},
        ],
        "reps": [
            {"id": "r", "territory_ids": ["west"]},
            {"id": "q"},
            {"id": "s", "territory_ids": ["east"]},
        ],
        "pairs": pairs,
    }
    return Judge(problem, {"constraints": [{"kind": "family"}]})


def test_a_merged_seat_admits_reps_for_all_members_and_the_holder_of_one() -> None:
    """q by the rules, r because r has the mother, s for the child only."""
    given = family([])

    def both(rep: str) -> list[Document]:
        return [{"account_id": "m", "rep_id": rep}, {"account_id": "c", "rep_id": rep}]

    assert given.evaluate(both("q")).feasible
    assert given.evaluate(both("r")).feasible
    assert [failure.code for failure in given.evaluate(both("s")).hard_violations] == ["not_admissible"] * 2
    split = given.evaluate([{"account_id": "m", "rep_id": "q"}])
    assert {failure.code for failure in split.hard_violations} == {"family_split", "hard_row_violated"}


def test_an_exclusion_of_one_member_forces_the_family_to_move() -> None:
    """r may not have the child, so r cannot stay with the mother."""
    given = family([{"account_id": "c", "rep_id": "r", "eligible": False}])

    assert given.case.forced == [True, False]
    assert given.case.reachable == [True, True]
