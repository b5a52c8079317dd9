"""Who may serve what."""

from __future__ import annotations

from typing import Any

import pytest

from coverplan.constraints.family import Family
from support.by_hand import AE, SE, TWO_ROLES, book
from support.domain import admitted, candidates_of

TERRITORIES = [{"id": "land"}, {"id": "north", "parent_id": "land"}, {"id": "south", "parent_id": "land"}]
HERE, NEAR, FAR = ({"lat": 0, "lon": lon} for lon in (0, 1, 9))


@pytest.mark.parametrize(
    ("rep", "account", "may"),
    [
        ({}, {}, True),
        ({"role": SE}, {}, False),
        ({"end_date": "2026-12-31"}, {}, False),
        ({"end_date": "2027-01-01"}, {}, True),
        ({"territory_ids": ["north"]}, {"territory_id": "north"}, True),
        ({"territory_ids": ["land"]}, {"territory_id": "north"}, True),  # a parent covers its children
        ({"territory_ids": ["north"]}, {"territory_id": "land"}, False),  # not the other way round
        ({"territory_ids": ["north"]}, {"territory_id": "south"}, False),
        ({"territory_ids": ["north"]}, {}, True),
        ({"segments": ["big"]}, {}, False),
        ({"segments": ["big", "default"]}, {}, True),
        ({"skills": ["x"]}, {"required_skills": ["x"]}, True),
        ({"skills": ["x"]}, {"required_skills": ["x", "y"]}, False),
        ({"location": HERE}, {"location": NEAR}, True),  # 111 km of at most 200
        ({"location": HERE}, {"location": FAR}, False),
        ({}, {"location": FAR}, True),  # no location, no limit
    ],
)
def test_each_rule(rep: dict[str, Any], account: dict[str, Any], may: bool) -> None:
    """One rep, one account, the rules one by one."""
    segments = [{"id": "default"}, {"id": "big", "roles": [{"role": SE}]}]
    problem = book({"a": account}, {"r": rep}, territories=TERRITORIES, segments=segments)

    assert admitted(candidates_of(problem, max_distance_km=200.0)) == {"a": {"r"} if may else set()}


def test_territories_may_be_set_aside() -> None:
    """The policy's switch."""
    problem = book({"a": {"territory_id": "south"}}, {"r": {"territory_ids": ["north"]}}, territories=TERRITORIES)

    assert admitted(candidates_of(problem, respect_territories=False)) == {"a": {"r"}}


def test_the_current_rep_passes_all_rules_but_the_strict_ones() -> None:
    """Skill, territory and distance do not part a from Ana; an end, another role and an explicit no do."""
    account = {"required_skills": ["x"], "territory_id": "south", "location": FAR}
    holders: dict[str, dict[str, Any]] = {
        "ana": {"territory_ids": ["north"], "location": HERE},
        "left": {"end_date": "2026-06-30"},
        "eva": {"role": SE},
        "no": {},
    }
    accounts = {f"of-{name}": {**account, "current": [{"rep_id": name}]} for name in holders}
    pairs = [{"account_id": "of-no", "rep_id": "no", "eligible": False}]
    problem = book(accounts, holders, territories=TERRITORIES, pairs=pairs)

    found = candidates_of(problem, max_distance_km=200.0)

    assert admitted(found) == {"of-ana": {"ana"}, "of-left": set(), "of-eva": set(), "of-no": set()}
    assert found.keeps.tolist() == [True, False, False, False]
    assert found.forced.tolist() == [False, True, True, True]


def test_explicit_pairs() -> None:
    """`true` overrides rules, not dates; `false` excludes; values close an account to all who are not listed."""
    accounts: dict[str, dict[str, Any]] = {
        "open": {"required_skills": ["x"]},
        "priced": {"current": [{"rep_id": "cy"}]},
        "hours": {},
    }
    pairs = [
        {"account_id": "open", "rep_id": "ana", "eligible": True},
        {"account_id": "open", "rep_id": "left", "eligible": True},
        {"account_id": "priced", "rep_id": "ana", "value": 5},
        {"account_id": "priced", "rep_id": "bo", "hours": 2},  # listed, if without a value
        {"account_id": "priced", "rep_id": "di", "eligible": False},
        {"account_id": "hours", "rep_id": "bo", "hours": 2},  # no value, so nothing is closed
        {"account_id": "hours", "rep_id": "ana", "eligible": False},
    ]
    reps: dict[str, dict[str, Any]] = {"ana": {}, "bo": {}, "cy": {}, "di": {}, "left": {"end_date": "2026-06-30"}}

    assert admitted(candidates_of(book(accounts, reps, pairs=pairs))) == {
        "open": {"ana"},
        "priced": {"ana", "bo", "cy"},  # Cy holds it
        "hours": {"bo", "cy", "di"},
    }


def test_merged_families_admit_who_suits_all_or_holds_one() -> None:
    """Head needs x, low needs y: Ana has both; Bo holds low; Cy has x only; Di is excluded from head, though of low."""
    accounts: dict[str, dict[str, Any]] = {
        "head": {"required_skills": ["x"]},
        "low": {"required_skills": ["y"], "parent_id": "head", "current": [{"rep_id": "bo"}]},
        "least": {"parent_id": "low", "current": [{"rep_id": "di"}]},
        "alone": {},
    }
    reps: dict[str, dict[str, Any]] = {"ana": {"skills": ["x", "y"]}, "bo": {}, "cy": {"skills": ["x"]}, "di": {}}
    pairs = [{"account_id": "head", "rep_id": "di", "eligible": False}]

    found = candidates_of(book(accounts, reps, pairs=pairs), Family())

    assert found.n_units == 2
    assert found.unit_of_seat.tolist() == [0, 0, 0, 1]
    family = {"ana", "bo"}
    assert admitted(found) == {"head": family, "low": family, "least": family, "alone": {"ana", "bo", "cy", "di"}}
    assert found.forced.tolist() == [False, False, True, False]  # Di cannot keep `least`, for he may not serve `head`


def test_roles_merge_apart() -> None:
    """Two accounts of two roles: one unit per role."""
    accounts = {"a": {"segment": "shared"}, "b": {"segment": "shared", "parent_id": "a"}}
    found = candidates_of(book(accounts, {"ana": {}, "eva": {"role": SE}}, segments=TWO_ROLES), Family())

    assert found.instance.roles == (AE, SE)
    assert found.unit_of_seat.tolist() == [0, 1, 0, 1]
    assert found.n_columns == 2
