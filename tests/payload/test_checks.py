"""Cross-checks and necessary conditions: what they count, and what they must not claim."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverplan.payload.checks import check
from coverplan.payload.issues import Issue, IssueReport, echo, pointer
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from support.brute import documents
from support.by_hand import book, worth


def report_of(policy: list[dict[str, Any]] | None = None, **problem: Any) -> IssueReport:
    facts = {"accounts": [{"id": "a"}], "reps": [{"id": "r"}], **problem}
    rules = {"constraints": policy or []}
    return check(Problem.model_validate_json(json.dumps(facts)), Policy.model_validate_json(json.dumps(rules)))


def told(report: IssueReport, code: str) -> list[Issue]:
    return [issue for issue in report.issues if issue.code == code]


def test_a_sound_problem_has_no_issues() -> None:
    assert report_of([{"kind": "capacity"}, {"kind": "balance"}]).issues == []


def test_pointers_follow_the_caller() -> None:
    problem = Problem.model_validate_json('{"accounts": [], "reps": [{"id": "r"}]}')
    policy = Policy.model_validate_json('{"constraints": [{"kind": "goal", "measure": "hours"}]}')

    assert [issue.pointer for issue in check(problem, policy, "", "/rules").issues] == [
        "/accounts",
        "/rules/constraints/0",
    ]


def test_a_cycle_is_told_once_with_its_path() -> None:
    report = report_of(
        territories=[{"id": "c", "parent_id": "b"}, {"id": "a", "parent_id": "c"}, {"id": "b", "parent_id": "a"}]
    )

    [issue] = told(report, "territory_cycle")
    assert issue.pointer == "/problem/territories/0/parent_id"
    assert issue.message.endswith("c > b > a > c.")


def test_two_cycles_and_a_tail_are_two_issues() -> None:
    parents = {"a": "b", "b": "a", "c": "c", "d": "a", "e": None}
    report = report_of(managers=[{"id": own, "manager_id": above} for own, above in parents.items()])

    assert [issue.value for issue in told(report, "manager_cycle")] == ["a", "c"]


def test_a_close_id_is_suggested() -> None:
    report = report_of(territories=[{"id": "north-west"}], accounts=[{"id": "a", "territory_id": "north-wets"}])

    assert told(report, "unknown_territory")[0].suggestion == 'Did you mean "north-west"?'


@pytest.mark.parametrize("wrong", ["EU", "eu ", "Eu"])
def test_an_id_in_other_letters_is_suggested_however_short_it_is(wrong: str) -> None:
    report = report_of(territories=[{"id": "eu"}, {"id": "Ex"}], accounts=[{"id": "a", "territory_id": wrong}])

    assert told(report, "unknown_territory")[0].suggestion == 'Did you mean "eu"?'


def test_more_issues_than_a_report_holds_are_counted() -> None:
    report = report_of(accounts=[{"id": f"a{n}", "territory_id": "x"} for n in range(1500)])

    assert (len(report.issues), report.total, report.total_errors) == (1000, 1500, 1500)


def test_errors_come_before_warnings_and_warnings_need_a_sound_problem() -> None:
    report = report_of(accounts=[{"id": "a", "current": [{"rep_id": "left"}]}, {"id": "b", "segment": "x"}])

    assert [issue.code for issue in report.issues] == ["unknown_segment"]


@pytest.mark.parametrize(
    ("rep", "reason"),
    [
        ([], "is not among the reps"),
        ([{"id": "q", "role": "se"}], "has another role"),
        ([{"id": "q", "end_date": "2026-12-31"}], "does not work within the horizon"),
    ],
)
def test_a_forced_move_says_why(rep: list[dict[str, Any]], reason: str) -> None:
    report = report_of(reps=[{"id": "r"}, *rep], accounts=[{"id": "a", "current": [{"rep_id": "q"}]}])

    assert reason in told(report, "forced_move")[0].message


def test_a_current_rep_outside_the_territory_is_not_forced_out() -> None:
    report = report_of(
        territories=[{"id": "x"}, {"id": "y"}],
        reps=[{"id": "r", "territory_ids": ["x"]}],
        accounts=[{"id": "a", "territory_id": "y", "current": [{"rep_id": "r"}]}],
    )

    assert report.issues == []


def test_hours_are_compared_per_role_with_ramped_capacity() -> None:
    """Account executives need 3 x 4 = 12 of 10 / 2 = 5 hours (half the year); one sales engineer has no limit."""
    report = report_of(
        [{"kind": "capacity"}],
        segments=[{"id": "s", "roles": [{"role": "ae", "hours": 4}, {"role": "se", "hours": 9}]}],
        horizon={"start": "2027-01-01", "months": 12},
        reps=[{"id": "r", "role": "ae", "capacity_hours": 10, "start_date": "2027-07-01"}, {"id": "q", "role": "se"}],
        accounts=[{"id": f"a{n}", "segment": "s"} for n in range(3)],
    )

    [issue] = told(report, "hours_exceed_capacity")
    assert issue.value == 12
    assert "ae" in issue.message
    assert "5" in issue.message


def test_without_a_capacity_rule_hours_do_not_matter() -> None:
    assert report_of([], reps=[{"id": "r", "capacity_hours": 0}]).issues == []


def test_explicit_hours_count_where_they_are_less() -> None:
    """The seat takes 5 hours of anyone but 1 of r: 1 <= 1."""
    report = report_of(
        [{"kind": "capacity"}],
        reps=[{"id": "r", "capacity_hours": 1}],
        accounts=[{"id": "a", "hours": 5}],
        pairs=[{"account_id": "a", "rep_id": "r", "hours": 1}],
    )

    assert report.issues == []


def test_a_territory_is_short_though_the_company_is_not() -> None:
    report = report_of(
        [{"kind": "capacity"}],
        territories=[{"id": "land"}, {"id": "x", "parent_id": "land"}, {"id": "y", "parent_id": "land"}],
        reps=[
            {"id": "r", "territory_ids": ["x"], "capacity_hours": 1},
            {"id": "q", "territory_ids": ["y"], "capacity_hours": 9},
        ],
        accounts=[{"id": "a", "territory_id": "x", "hours": 2}, {"id": "b", "territory_id": "y", "hours": 2}],
    )

    assert [issue.pointer for issue in report.issues] == ["/problem/territories/1"]
    assert report.issues[0].value == 2


def test_a_bound_that_just_can_be_met_is_no_issue() -> None:
    """Two accounts: each rep could have both, so 2 can be had and 3 cannot."""
    accounts = [{"id": "a"}, {"id": "b"}]

    assert told(report_of([{"kind": "account_count", "min": 2}], accounts=accounts), "bound_out_of_reach") == []
    assert len(told(report_of([{"kind": "account_count", "min": 3}], accounts=accounts), "bound_out_of_reach")) == 1
    assert report_of([{"kind": "account_count", "min": 3, "penalty": 1}], accounts=accounts).issues == []


def test_a_family_may_be_locked_to_one_rep() -> None:
    held = {"locked": True, "current": [{"rep_id": "r"}]}
    report = report_of([{"kind": "family"}], accounts=[{"id": "a", **held}, {"id": "b", "parent_id": "a", **held}])

    assert report.issues == []


def test_protection_locks_a_family_apart_as_well() -> None:
    report = report_of(
        [{"kind": "family"}, {"kind": "protect", "accounts": {"ids": ["a", "b"]}}],
        reps=[{"id": "r"}, {"id": "q"}],
        accounts=[
            {"id": "a", "current": [{"rep_id": "r"}]},
            {"id": "b", "parent_id": "a", "current": [{"rep_id": "q"}]},
        ],
    )

    assert [issue.code for issue in report.issues] == ["family_locked_apart"]


@given(
    hours=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    capacities=st.lists(st.integers(0, 6), min_size=1, max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_what_is_called_impossible_is(hours: list[int], capacities: list[int]) -> None:
    """Brute force over all complete assignments: where one fits, nothing may say that none can."""
    report = report_of(
        [{"kind": "capacity"}, {"kind": "must_cover"}],
        accounts=[{"id": f"a{n}", "hours": each} for n, each in enumerate(hours)],
        reps=[{"id": f"r{n}", "capacity_hours": each} for n, each in enumerate(capacities)],
    )
    choices = [[]] if not hours else [[rep] for rep in range(len(capacities))]
    for _ in hours[1:]:
        choices = [[*choice, rep] for choice in choices for rep in range(len(capacities))]
    fits = any(
        all(
            sum(each for each, own in zip(hours, choice, strict=True) if own == rep) <= capacity
            for rep, capacity in enumerate(capacities)
        )
        for choice in choices
    )

    assert not (fits and told(report, "must_cover_exceeds_capacity"))
    assert bool(told(report, "must_cover_exceeds_capacity")) == (sum(hours) > sum(capacities))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (2**60, str(2**60)),
        (10**5000, "an integer of about 5,000 digits"),
        ("x" * 201, "x" * 199 + "…"),
        ("\ud800", "?"),
        ([1, {"a": None}], '[1, {"a": null}]'),
        ([[[[[1]]]]], '[[["..."]]]'),
    ],
    ids=["nan", "infinity", "large", "huge", "long", "surrogate", "nested", "deep"],
)
def test_echoes_are_short_and_can_be_encoded(value: object, shown: str) -> None:
    assert echo(value) == shown


def test_pointers_escape_tilde_and_slash() -> None:
    assert pointer("/x", ["a/b", "c~d", 0]) == "/x/a~1b/c~0d/0"


def test_a_bound_out_of_reach_is_told_in_any_unit() -> None:
    """A book of two accounts worth 1e-7 each cannot hold 3e-7."""
    problem = book({"a": worth(1e-7), "b": worth(1e-7)}, {"ana": {}})
    found = check(*documents(problem, {"constraints": [{"kind": "revenue_band", "min": 3e-7}]}))

    assert "bound_out_of_reach" in {issue.code for issue in found.warnings}
