"""From the problem to columns, and its hash."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from coverplan.domain.instance import ACTIVE, HIRED, OPEN, Instance
from coverplan.payload.columns import to_instance
from coverplan.payload.hashing import policy_hash, problem_hash
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem

PROBLEM: dict[str, Any] = {
    "horizon": {"start": "2026-07-01", "months": 6},
    "currency": "EUR",
    "segments": [
        {"id": "big", "roles": [{"role": "ae", "hours": 30}, {"role": "se", "hours": 10}], "conversion": 0.5},
        {"id": "idle", "roles": [{"role": "ae", "hours": 0}, {"role": "cs", "hours": 0, "relationship_weight": 3}]},
    ],
    "territories": [{"id": "land"}, {"id": "west", "name": "West", "parent_id": "land", "revenue_target": 9}],
    "managers": [{"id": "m1", "manager_id": "m2"}, {"id": "m2"}],
    "reps": [
        {"id": "r1", "role": "ae", "manager_id": "m1", "territory_ids": ["west"], "skills": ["x"], "capacity_hours": 8},
        {"id": "r2", "role": "se", "pod": "m1", "status": "hired", "start_date": "2026-09-01", "ramp": [0, 0.5]},
        {"id": "r3", "status": "open", "segments": ["big", "default"], "end_date": "2026-12-31"},
        {"id": "r4", "location": {"lat": 1, "lon": 2}},
    ],
    "accounts": [
        {"id": "a", "segment": "big", "revenue_history": [1, 2, 3, 4], "current": [{"rep_id": "r1"}], "tags": ["t"]},
        {"id": "b", "segment": "big", "parent_id": "a", "territory_id": "west", "revenue_history": [7],
         "current": [{"role": "se", "rep_id": "gone", "since": "2020-02-29"}], "industry": "health"},
        {"id": "c", "kind": "prospect", "required_skills": ["y", "x", "y"], "locked": True},
    ],
    "fit": [{"rep_id": "r2", "industry": "steel", "multiplier": 2},
            {"rep_id": "r1", "account_id": "b", "multiplier": 3}],
    "pairs": [{"account_id": "a", "rep_id": "r4", "value": -1}, {"account_id": "c", "rep_id": "r3", "eligible": False}],
}  # fmt: skip


def instance_of(problem: dict[str, Any]) -> Instance:
    return to_instance(Problem.model_validate_json(json.dumps(problem)))


def test_segments_get_their_shares_and_weights() -> None:
    segments = instance_of(PROBLEM).segments

    assert segments.ids == ("big", "idle", "default")
    assert_array_equal(segments.roles.start, [0, 2, 4, 5])
    assert_allclose(segments.role_share, [0.75, 0.25, 0.5, 0.5, 1])  # 30/40, 10/40; no hours at all: equal; alone
    assert_allclose(segments.role_weight, [1, 0, 1, 3, 1])
    assert_allclose(segments.conversion, [0.5, 1, 1])
    assert np.isnan(segments.relationship_loss).all()


def test_references_become_positions() -> None:
    instance = instance_of(PROBLEM)
    roles = [instance.roles[role] for role in instance.reps.role]

    assert roles == ["ae", "se", "account_executive", "account_executive"]
    assert_array_equal(instance.territories.parent, [-1, 0])
    assert_allclose(instance.territories.revenue_target, [np.nan, 9])
    assert_array_equal(instance.managers.manager, [1, -1])
    assert_array_equal(instance.reps.manager, [0, -1, -1, -1])
    assert_array_equal(instance.accounts.parent, [-1, 0, -1])
    assert_array_equal(instance.accounts.territory, [-1, 1, -1])
    assert_array_equal(instance.accounts.segment, [0, 0, 2])
    assert instance.industries == ("health", "steel")
    assert_array_equal(instance.accounts.industry, [-1, 0, -1])
    assert_array_equal(instance.fit.industry, [1, -1])
    assert_array_equal(instance.fit.account, [-1, 1])


def test_pods_default_to_managers_and_then_to_oneself() -> None:
    pod = instance_of(PROBLEM).reps.pod

    assert pod[0] == pod[1]  # r1 by its manager, r2 by its pod
    assert len({*pod.tolist()}) == 3  # r3 and r4 each for themselves


def test_a_pod_label_never_meets_the_pod_of_a_rep_alone() -> None:
    reps = [{"id": "r1"}, {"id": "r2", "pod": "r1"}, {"id": "r3", "pod": "rep r1"}]

    assert len(set(instance_of({"accounts": [{"id": "a"}], "reps": reps}).reps.pod.tolist())) == 3


def test_reps_carry_dates_ramps_and_absent_numbers() -> None:
    reps = instance_of(PROBLEM).reps

    assert_array_equal(reps.status, [ACTIVE, HIRED, OPEN, ACTIVE])
    assert_array_equal(reps.start_date, np.array(["NaT", "2026-09-01", "NaT", "NaT"], "datetime64[D]"))
    assert_array_equal(reps.end_date, np.array(["NaT", "NaT", "2026-12-31", "NaT"], "datetime64[D]"))
    assert_array_equal(reps.ramp.start, [0, 0, 2, 2, 2])
    assert_allclose(reps.ramp.values.astype(float), [0, 0.5])
    assert_allclose(reps.capacity_hours, [8, np.nan, np.nan, np.nan])
    assert_allclose(reps.lat, [np.nan, np.nan, np.nan, 1])
    assert_array_equal(reps.segments.matrix(3)[2], [True, False, True])


HISTORY = np.array([[4.0, 3.0, 2.0], [7.0, np.nan, np.nan], [np.nan, np.nan, np.nan]])


def test_history_is_three_years_newest_first() -> None:
    assert_allclose(instance_of(PROBLEM).accounts.history, HISTORY)


def test_current_reps_fill_roles_and_may_have_left() -> None:
    instance = instance_of(PROBLEM)

    assert_array_equal(instance.current.account, [0, 1])
    assert [instance.roles[role] for role in instance.current.role] == ["ae", "se"]
    assert_array_equal(instance.current.rep, [0, -1])
    assert instance.current.rep_ids.tolist() == ["r1", "gone"]
    assert instance.current.since[1] == np.datetime64("2020-02-29")


def test_a_skill_that_is_named_twice_counts_once() -> None:
    instance = instance_of(PROBLEM)

    assert_array_equal(instance.accounts.skills.lengths, [0, 0, 2])
    assert {instance.skills[int(code)] for code in instance.accounts.skills.values} == {"x", "y"}


def test_explicit_pairs_keep_what_is_given() -> None:
    pairs = instance_of(PROBLEM).pairs

    assert_array_equal(pairs.account, [0, 2])
    assert_array_equal(pairs.rep, [3, 2])
    assert_allclose(pairs.value, [-1, np.nan])
    assert_array_equal(pairs.eligible, [-1, 0])


def test_the_smallest_problem_has_columns() -> None:
    instance = instance_of({"accounts": [{"id": "a"}], "reps": [{"id": "r"}]})

    assert (instance.roles, instance.segments.ids) == (("account_executive",), ("default",))
    assert instance.current.since.dtype == np.dtype("datetime64[D]")
    assert len(instance.pairs.value) == len(instance.fit.multiplier) == 0


def test_a_written_out_default_does_not_change_the_hash() -> None:
    short = Problem.model_validate_json(json.dumps(PROBLEM))
    full = Problem.model_validate_json(short.model_dump_json())

    assert problem_hash(short) == problem_hash(full)
    assert problem_hash(short).startswith("sha256:")
    assert len(problem_hash(short)) == len("sha256:") + 64


def test_another_fact_is_another_hash() -> None:
    changed = {**PROBLEM, "currency": "USD"}

    assert problem_hash(Problem.model_validate_json(json.dumps(PROBLEM))) != problem_hash(
        Problem.model_validate_json(json.dumps(changed))
    )


def test_the_default_policy_hashes_like_its_constraints_written_out() -> None:
    rules = (
        '{"kind": "capacity"}, {"penalty": 0.2, "kind": "balance", "tolerance": 0.15}, '
        '{"penalty": 10, "kind": "keep_current", "max_moved_revenue_share": 0.1}'
    )
    written = f'{{"constraints": [{rules}]}}'

    assert policy_hash(Policy()) == policy_hash(Policy.model_validate_json(written))
    assert policy_hash(Policy()) != policy_hash(Policy(constraints=[]))
