"""A true plan passes; whatever is changed in it is caught."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from coverplan.verify import verify

Document = dict[str, Any]

PROBLEM: Document = {
    "territories": [{"id": "west"}],
    "reps": [
        {"id": "ana", "manager_id": "m", "capacity_hours": 3},
        {"id": "bo", "manager_id": "m", "capacity_hours": 2},
    ],
    "accounts": [
        {"id": "a", "potential": 100, "current": [{"rep_id": "ana"}], "territory_id": "west"},
        {"id": "b", "expected_revenue": 200, "current": [{"rep_id": "ana"}], "territory_id": "west", "hours": 2},
        {"id": "c", "potential": 50},
        {"id": "d", "potential": 70, "required_skills": ["x"]},
        {"id": "e", "potential": 10, "current": [{"rep_id": "gone"}], "territory_id": "west"},
    ],
}
POLICY: Document = {
    "constraints": [
        {"kind": "capacity"},
        {"kind": "account_count", "max": 2, "penalty": 5},
        {"kind": "keep_current", "max_moved": 1},
    ]
}


def assignment(account: str, rep: str, previous: str | None, change: str, worth: float, hours: float) -> Document:
    """One assignment of the plan; the loss and the forced move are set apart."""
    return {
        "account_id": account,
        "role": "account_executive",
        "rep_id": rep,
        "previous_rep_id": previous,
        "change": change,
        "forced": previous == "gone",
        "expected_revenue": worth,
        "relationship_loss": 30.0 if account == "b" else 0.0,  # 0.15 x 200
        "hours": hours,
    }


def row(kind: str, scope: str, bounds: tuple[float | None, float | None], activity: float, slack: float) -> Document:
    """One row that is kept."""
    return {
        "id": kind,
        "kind": kind,
        "scope": scope,
        "activity": activity,
        "lower": bounds[0],
        "upper": bounds[1],
        "slack": slack,
        "binding": slack == 0,
        "violation": 0.0,
        "penalty": 0.0,
    }


def book(key: str, label: str, **fields: Any) -> Document:
    """One row of a roll-up."""
    return {key: label, **fields}


# a stays with Ana, b moves to Bo and loses 30, c is new, e is forced to Ana; nobody has what d requires.
PLAN: Document = {
    "solution_status": "feasible",
    "stopped_by": "gap",
    "method": {"used": "exact", "backend": "highs", "why": ""},
    "objective": {
        "value": 325.0,  # 100 + 200 + 50 + 10 - 30 - 5
        "terms": [
            {"term": "expected_revenue", "constraint": None, "value": 360.0},
            {"term": "relationship_loss", "constraint": None, "value": -30.0},
            {"term": "penalty", "constraint": "account_count", "value": -5.0},
        ],
    },
    "dual_bound": 340.0,
    "dual_bound_source": "branch_and_bound",
    "gap": 15 / 325,
    "absolute_gap": 15.0,
    "summary": {
        "accounts": 5,
        "seats": 5,
        "covered": 4,
        "uncovered": 1,
        "kept": 1,
        "moved": 1,
        "forced": 1,
        "new": 1,
        "moved_share": 1 / 2,
        "moved_revenue": 200.0,
        "moved_revenue_share": 200 / 300,
    },
    "assignments": [
        assignment("a", "ana", "ana", "kept", 100.0, 1.0),
        assignment("b", "bo", "ana", "moved", 170.0, 2.0),
        assignment("c", "ana", None, "new", 50.0, 1.0),
        assignment("e", "ana", "gone", "moved", 10.0, 1.0),
    ],
    "uncovered": [
        {
            "account_id": "d",
            "role": "account_executive",
            "previous_rep_id": None,
            "forced": False,
            "reason": "no_eligible_rep",
        }
    ],
    "reps": [
        book("rep_id", "ana", hours=3.0, capacity_hours=3.0, utilisation=1.0, accounts=3)
        | {"revenue": 160.0, "expected_revenue": 160.0, "kept": 1, "gained": 2, "lost": 1},
        book("rep_id", "bo", hours=2.0, capacity_hours=2.0, utilisation=1.0, accounts=1)
        | {"revenue": 200.0, "expected_revenue": 170.0, "kept": 0, "gained": 1, "lost": 0},
    ],
    "teams": [
        book("team_id", "m", reps=2, hours=5.0, capacity_hours=5.0, accounts=4)
        | {"revenue": 360.0, "expected_revenue": 330.0, "kept": 1, "gained": 3, "lost": 1}
    ],
    "territories": [book("territory_id", "west", accounts=3, covered=3, revenue=310.0, expected_revenue=280.0)],
    "constraints": [
        row("capacity", "rep:ana", (None, 3.0), 3.0, 0.0),
        row("capacity", "rep:bo", (None, 2.0), 2.0, 0.0),
        row("account_count", "rep:ana", (None, 2.0), 3.0, 0.0) | {"violation": 1.0, "penalty": 5.0},
        row("account_count", "rep:bo", (None, 2.0), 1.0, 1.0),
        row("keep_current", "company", (1.0, None), 1.0, 0.0),  # a and b can stay, one may move
    ],
    # a: Ana 100 - 60 - 2 + 20 = 58, Bo 100. b: Ana 200 - 120 - 2 + 20 = 98, Bo 170. c: 50 with Bo. d: 0.
    # e: 10 with Bo. The bounds: 3 x 60 + 2 x 2 - 1 x 20 = 164. Together 494.
    "certificate": {
        "bound": 494.0,
        "gap": 169 / 325,
        "scope": "all_admissible",
        "source": "lp_relaxation",
        "prices": [
            {"constraint": "capacity", "scope": "rep:ana", "upper": 60.0, "lower": 0.0},
            {"constraint": "account_count", "scope": "rep:ana", "upper": 2.0, "lower": 0.0},
            {"constraint": "keep_current", "scope": "company", "upper": 0.0, "lower": 20.0},
        ],
    },
    "issues": [],
    "metrics": {},
}
UNCHECKED = {"stopped_by", "method", "issues", "metrics"}
FREE_TEXT = {("certificate", "source"), ("solution_status",), ("dual_bound_source",)}  # other words, checked below


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all plain values."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path or key not in UNCHECKED:
                yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    elif path not in FREE_TEXT:
        yield path


def lists(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all entries of lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(value, list):
            yield (*path, key)
        yield from lists(item, (*path, key))


def parent(plan: Document, path: tuple[Any, ...]) -> Any:
    """The container of the last step of a path."""
    for step in path[:-1]:
        plan = plan[step]
    return plan


def other(value: Any) -> Any:
    """A different value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 50
    return 1.0 if value is None else f"{value}?"


def codes(plan: Document, problem: Document = PROBLEM, policy: Document = POLICY) -> set[str]:
    """Codes of the failures."""
    return {failure.code for failure in verify(problem, policy, plan).failures}


def test_a_true_plan_passes() -> None:
    """Every number above was worked out by hand."""
    found = verify(PROBLEM, POLICY, PLAN)

    assert [str(failure) for failure in found.failures] == []
    assert found.ok
    assert found.objective == pytest.approx(325)
    assert found.bound == pytest.approx(494)
    assert json.loads(json.dumps(found.document()))["ok"] is True


@pytest.mark.parametrize("path", list(leaves(PLAN)), ids=lambda path: ".".join(map(str, path)))
def test_each_changed_field_is_caught(path: tuple[Any, ...]) -> None:
    """No field of the plan may say something else."""
    plan = copy.deepcopy(PLAN)
    parent(plan, path)[path[-1]] = other(parent(plan, path)[path[-1]])

    assert not verify(PROBLEM, POLICY, plan).ok


@pytest.mark.parametrize("value", [None, "text", float("nan"), [], {}])
def test_a_field_of_any_type_is_read_without_an_exception(value: Any) -> None:
    """A malformed plan is refused in words; null may stand where nothing was meant to."""
    for path in leaves(PLAN):
        plan = copy.deepcopy(PLAN)
        before, parent(plan, path)[path[-1]] = parent(plan, path)[path[-1]], value

        allowed = (before is None and value is None) or _zero_price(path, value)

        assert verify(PROBLEM, POLICY, plan).ok == allowed, path


def _zero_price(path: tuple[Any, ...], value: Any) -> bool:
    """A price of 0 may as well be absent."""
    return path[:2] == ("certificate", "prices") and parent(PLAN, path)[path[-1]] == 0.0 and value is None


@pytest.mark.parametrize("path", list(lists(PLAN)), ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("repeat", [False, True])
def test_missing_and_repeated_entries_are_caught(path: tuple[Any, ...], repeat: bool) -> None:
    """Of every list."""
    plan = copy.deepcopy(PLAN)
    entries = parent(plan, path)
    if repeat:
        entries.append(copy.deepcopy(entries[path[-1]]))
    else:
        del entries[path[-1]]

    assert not verify(PROBLEM, POLICY, plan).ok


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"solution_status": "optimal"}, "not_optimal"),  # 340 is not 325
        ({"solution_status": "great"}, "status_unknown"),
        ({"dual_bound": 320.0, "gap": 0.0, "absolute_gap": 0.0}, "dual_bound_below_objective"),
        ({"dual_bound_source": "prices"}, "dual_bound_differs"),  # the prices prove 494
        ({"dual_bound": None, "dual_bound_source": None}, "gap_differs"),
        ({"objective": None}, "objective_missing"),
        ({"certificate": None}, "certificate_missing"),
        ({"certificate": {**PLAN["certificate"], "scope": "listed"}}, "certificate_scope"),
        ({"certificate": {**PLAN["certificate"], "bound": 480.0, "gap": 155 / 325}}, "certificate_differs"),
        ({"solution_status": "infeasible"}, "plan_without_solution"),
    ],
)
def test_false_claims_have_their_code(change: Document, code: str) -> None:
    """One claim changed, with what follows from it."""
    assert code in codes({**PLAN, **change})


def test_true_claims_with_other_words_pass() -> None:
    """Optimal at its own bound; the prices as the bound; no summary; no bound at all."""
    tight = {**PLAN, "solution_status": "optimal", "dual_bound": 325.0, "gap": 0.0, "absolute_gap": 0.0}
    priced = {**PLAN, "dual_bound": 494.0, "dual_bound_source": "prices", "gap": 169 / 325, "absolute_gap": 169.0}
    unbounded = {**PLAN, "dual_bound": None, "dual_bound_source": None, "gap": None, "absolute_gap": None}

    for plan in (tight, priced, unbounded, {**PLAN, "summary": None}):
        assert codes(plan) == set()


@pytest.mark.parametrize(
    ("problem", "policy", "code"),
    [
        ({}, {"kind": "capacity", "utilisation": 0.9}, "hard_row_violated"),
        ({}, {"kind": "protect", "accounts": {"ids": ["b"]}}, "hard_row_violated"),
        ({}, {"kind": "must_cover"}, "hard_row_violated"),
        ({"territory_ids": ["west"], "segments": ["none"]}, {"kind": "capacity"}, "not_admissible"),
    ],
)
def test_a_plan_of_another_problem_or_policy_is_refused(problem: Document, policy: Document, code: str) -> None:
    """The same plan under rules that it breaks; `problem` changes Bo."""
    reps = [PROBLEM["reps"][0], {**PROBLEM["reps"][1], **problem}]

    assert code in codes(PLAN, {**PROBLEM, "segments": [{"id": "none"}], "reps": reps}, {"constraints": [policy]})


def test_a_broken_lock_is_refused() -> None:
    """b is locked to Ana, the plan gives it to Bo."""
    accounts = [{**account, "locked": account["id"] == "b"} for account in PROBLEM["accounts"]]

    assert "lock_broken" in codes(PLAN, {**PROBLEM, "accounts": accounts})


def test_a_seat_that_somebody_could_fill_is_not_without_eligible_rep() -> None:
    """Ana learns what d requires."""
    reps = [{**PROBLEM["reps"][0], "skills": ["x"]}, PROBLEM["reps"][1]]

    assert "reason_differs" in codes(PLAN, {**PROBLEM, "reps": reps})


NOTHING: Document = {
    "solution_status": "infeasible",
    "objective": None,
    "gap": None,
    "absolute_gap": None,
    "assignments": [],
    "uncovered": [],
}


def test_no_plan_is_a_true_answer_without_assignments() -> None:
    """Neither an objective nor a gap; a least violating assignment is measured and not called a plan."""
    strict = {"constraints": [*POLICY["constraints"][:2], {"kind": "keep_current", "max_moved": 0}]}
    closest = copy.deepcopy({**PLAN, "solution_status": "infeasible", "certificate": None})
    closest["constraints"][4] |= {"lower": 2.0, "violation": 1.0, "binding": True}

    def judged(**changes: Any) -> set[str]:
        return codes({**NOTHING, **changes}, policy=strict)

    assert judged() == judged(solution_status="no_solution_found") == set()
    assert judged(least_violating=closest) == set()
    assert judged(objective={"value": 1.0}) == {"plan_without_solution"}
    assert judged(gap=0.1) == {"plan_without_solution"}
    assert judged(least_violating={**closest, "solution_status": "feasible"}) == {"least_violating_as_plan"}
    assert judged(least_violating={**closest, "constraints": PLAN["constraints"]}) == {"rows_differ"}
    assert codes({**NOTHING, "least_violating": {**PLAN, "solution_status": "infeasible"}}) == {"feasible_after_all"}


def test_an_evaluation_of_given_assignments_may_break_rules_if_it_says_so() -> None:
    """It needs no certificate, and its numbers are checked all the same."""
    strict = {"constraints": [*POLICY["constraints"][:2], {"kind": "keep_current", "max_moved": 0}]}
    unproven = {"certificate": None, "dual_bound": None, "dual_bound_source": None, "gap": None, "absolute_gap": None}
    plan = copy.deepcopy({**PLAN, **unproven, "method": {"used": "evaluated"}, "solution_status": "infeasible"})
    plan["constraints"][4] |= {"lower": 2.0, "violation": 1.0}

    empty = {**NOTHING, "objective": {"value": 0.0, "terms": []}, "method": {"used": "evaluated"}}

    assert codes(plan, policy=strict) == set()
    assert codes(empty, policy=strict) >= {"terms_differ", "seats_differ", "rows_differ"}  # measured, not silent
    assert codes({**plan, "solution_status": "feasible"}, policy=strict) == {"hard_row_violated"}
    assert codes({**PLAN, **unproven, "method": {"used": "evaluated"}}) == set()


def test_documents_with_their_defaults_written_out_read_the_same() -> None:
    """Nulls and empty lists stand for what is absent."""
    reps = [
        {"role": "account_executive", "status": "active", "ramp": None, "skills": [], "segments": [], **rep}
        for rep in PROBLEM["reps"]
    ]
    accounts = [
        {"segment": "default", "hours": None, "current": [], "expected_revenue": None, "tags": [], **account}
        for account in PROBLEM["accounts"]
    ]
    problem = {"horizon": {"start": "2027-01-01", "months": 12}, "segments": [], "fit": [], "pairs": []}
    spec = {"id": None, "accounts": {"ids": None, "by": "revenue"}, "reps": {"ids": None}}
    policy = {
        "name": None,
        "objective": {"expected_revenue": 1.0, "relationship_loss": 1.0, "travel_cost_per_km": 0.0},
        "candidates": {"per_seat": None, "max_distance_km": None, "respect_territories": True},
        "constraints": [{**spec, **rule} for rule in POLICY["constraints"]],
    }

    assert codes(PLAN, {**PROBLEM, **problem, "reps": reps, "accounts": accounts}, policy) == set()
