"""Given assignments, admissible or not, are accounted for as they are."""

from __future__ import annotations

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
