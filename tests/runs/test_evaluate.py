"""Given assignments, admissible or not, are accounted for as they are."""

from __future__ import annotations

from typing import Any

import pytest

from support.by_hand import SE, TWO_ROLES, book, evaluated, worth

FREE = {"kind": "goal", "measure": "accounts", "min": 0}


def test_an_account_counts_once_in_a_book_even_where_its_rep_has_two_of_its_seats() -> None:
    """Ana is no engineer, but is given both seats of a: one account of 100, two seats gained, 4 + 2 hours."""
    problem = book({"a": worth(100, segment="shared")}, {"ana": {}, "eva": {"role": SE}}, segments=TWO_ROLES)

    plan = evaluated(problem, FREE, {"a": "ana", f"a/{SE}": "ana"})

    ana = plan.reps[0]
    assert (ana.accounts, ana.revenue, ana.gained, ana.hours) == (1, 100, 2, 6)
    assert plan.solution_status == "infeasible"
    [issue] = [issue for issue in plan.issues if issue.code == "inadmissible_assignment"]
    assert (issue.pointer, issue.value) == ("/assignments/1/rep_id", "ana")


def test_own_numbers_belong_to_the_seat_of_the_reps_role() -> None:
    """The value of 7 is for Eva as an engineer; as an account executive she is worth 0.75 of 100 like anybody."""
    problem = book(
        {"a": worth(100, segment="shared")},
        {"ana": {}, "eva": {"role": SE}},
        segments=TWO_ROLES,
        pairs=[{"account_id": "a", "rep_id": "eva", "value": 7}],
    )

    plan = evaluated(problem, FREE, {"a": "eva", f"a/{SE}": "eva"})

    assert [one.expected_revenue for one in plan.assignments] == [75, 7]


@pytest.mark.parametrize(
    ("ana", "hana", "date", "months", "value"),
    [
        ({}, {"start_date": "2027-04-01"}, "2027-04-01", 3, 1200),  # Ana for 3 months, then Hana for 9
        ({"end_date": "2027-02-28"}, {"start_date": "2027-04-01"}, "2027-04-01", 2, 1100),  # nobody in March
        ({"end_date": "2027-03-31"}, {"start_date": "2027-04-01"}, "2027-04-01", 3, 1200),
        ({"end_date": "2026-12-31"}, {"start_date": "2027-04-01"}, None, 0, 900),  # Ana left before
        ({"start_date": "2027-03-01"}, {"start_date": "2027-04-01"}, "2027-04-01", 1, 1000),  # Ana herself comes late
        ({"start_date": "2027-05-01"}, {"start_date": "2027-04-01"}, None, 0, 900),  # later than Hana
        ({"role": SE}, {"start_date": "2027-04-01"}, "2027-04-01", 3, 1200),  # who holds it, holds it
        ({}, {"start_date": "2027-01-01"}, None, 0, 1200),
        ({}, {"start_date": "2027-12-31"}, "2027-12-31", 12 - 1 / 31, 1200),  # the last day
        ({}, {"start_date": "2028-01-01"}, "2028-01-01", 12, 1200),  # not within the year: Ana holds it all along
        ({}, {"start_date": "2027-04-01", "end_date": "2027-06-30"}, "2027-04-01", 3, 600),  # nobody from July
    ],
)
def test_the_previous_rep_holds_an_account_until_the_next_one_starts(
    ana: dict[str, Any], hana: dict[str, Any], date: str | None, months: float, value: float
) -> None:
    """100 a month while somebody is there, less 0.18 x 1,200 for the change; 24 hours a year are 2 a month."""
    problem = book(
        {"a": worth(1200, "ana", hours=24)}, {"ana": {"manager_id": "m", **ana}, "hana": {"status": "hired", **hana}},
        managers=[{"id": "m"}],
    )  # fmt: skip

    plan = evaluated(problem, FREE, {"a": "hana"})

    [seat] = plan.assignments
    assert (seat.relationship_loss, seat.expected_revenue) == pytest.approx((216, value - 216))
    assert (str(seat.handover_date) if seat.handover_date else None, seat.hours) == (date, 24)
    assert seat.interim_hours == pytest.approx(2 * months)
    assert [one.interim_hours for one in plan.reps] == pytest.approx([2 * months, 0])
    assert plan.reps[0].hours == 0
    assert plan.teams[0].interim_hours == pytest.approx(2 * months)


def test_each_role_is_handed_over_by_its_own_holder() -> None:
    """Ana holds a until Hana starts in April; Eva, who leaves in January, a's engineering until Ivo comes in July.

    Of 1,200: 0.75 x (300 + 900) - 0.18 x 1,200 for the first role; 0.25 x (100 + 600) for the second, which loses no
    relationship. 4 hours x 3 / 12 and 2 x 1 / 12.
    """
    current = [{"role": "account_executive", "rep_id": "ana"}, {"role": SE, "rep_id": "eva"}]
    problem = book(
        {"a": {"expected_revenue": 1200, "segment": "shared", "current": current}},
        {
            "ana": {},
            "hana": {"status": "hired", "start_date": "2027-04-01"},
            "eva": {"role": SE, "end_date": "2027-01-31"},
            "ivo": {"role": SE, "status": "open", "start_date": "2027-07-01"},
        },
        segments=TWO_ROLES,
    )

    plan = evaluated(problem, FREE, {"a": "hana", f"a/{SE}": "ivo"})

    assert [one.expected_revenue for one in plan.assignments] == pytest.approx([900 - 216, 175])
    assert [one.interim_hours for one in plan.reps] == pytest.approx([1, 0, 1 / 6, 0])


def test_own_numbers_of_the_pair_stand_and_those_of_the_previous_rep_say_what_the_interim_takes() -> None:
    """Hana's value is the caller's; a takes 12 hours of Ana a year, so 3 until April."""
    problem = book(
        {"a": worth(1200, "ana", hours=24)},
        {"ana": {}, "hana": {"status": "hired", "start_date": "2027-04-01"}},
        pairs=[
            {"account_id": "a", "rep_id": "ana", "value": 1000, "hours": 12},
            {"account_id": "a", "rep_id": "hana", "value": 500},
        ],
    )

    plan = evaluated(problem, FREE, {"a": "hana"})

    [seat] = plan.assignments
    assert (seat.expected_revenue, seat.hours, seat.interim_hours) == pytest.approx((500 - 216, 24, 3))


def test_kept_against_the_rules_is_kept_not_a_forced_move() -> None:
    """Ana left before the horizon, but the cover keeps her: every covered seat is counted under one heading."""
    problem = book({"a": worth(100, "ana"), "b": worth(50, "ana")}, {"ana": {"end_date": "2026-06-30"}, "bo": {}})

    plan = evaluated(problem, FREE, {"a": "ana", "b": "bo"})

    assert plan.summary is not None
    assert (plan.summary.kept, plan.summary.forced, plan.summary.moved, plan.summary.new) == (1, 1, 0, 0)


def test_a_lock_that_the_cover_breaks_is_named() -> None:
    """a is locked to Ana, and given to Bo or to nobody."""
    problem = book({"a": worth(100, "ana", locked=True)}, {"ana": {}, "bo": {}})

    given = evaluated(problem, FREE, {"a": "bo"})
    dropped = evaluated(problem, FREE, {})

    assert (given.solution_status, dropped.solution_status) == ("infeasible", "infeasible")
    because = "the account is locked to its current rep."
    assert [issue.message for issue in given.issues] == [f'Account "a" may not be covered by "bo": {because}']
    assert [issue.message for issue in dropped.issues] == [f'Account "a" may not be left uncovered: {because}']
