"""Each metric is what the rule of its name caps: on books of several roles, however seats are given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.answer import evaluate
from coverplan.payload.experiments.cells import CellOutcome, NamedPolicy
from coverplan.payload.experiments.derived import within
from coverplan.payload.experiments.design import Design
from coverplan.payload.experiments.parts import FrontierRequest, Reference
from coverplan.payload.experiments.plans import Plans, seats_of
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.payload.policy import Policy
from coverplan.studies.metrics import Values
from coverplan.verify import verify
from support.brute import documents
from support.domain import book_of
from support.experiments import request_of
from support.sampling import examples

Document = dict[str, Any]
RULES: Document = {
    "moved": {"kind": "keep_current", "max_moved": 0},
    "moved_share": {"kind": "keep_current", "max_moved_share": 0.0},
    "moved_revenue_share": {"kind": "keep_current", "max_moved_revenue_share": 0.0},
    "uncovered_share": {"kind": "coverage", "min_share": 1.0},
    "hours_over": {"kind": "capacity"},
}
"""By metric: the rule that caps it at nothing."""
SOFT = {"constraints": [{**rule, "id": name, "penalty": 1.0} for name, rule in RULES.items()]}
EXECUTIVES, ENGINEERS = ("ana", "bo", "cy"), ("eva", "fay")
PER_SEAT = st.integers(0, 3)


def problem(draw: st.DrawFn) -> Document:
    """Up to four accounts with an executive, most with an engineer too; some of those who hold them have left."""
    accounts: list[Document] = []
    for place in range(draw(st.integers(1, 4))):
        held = [
            {"role": role, "rep_id": draw(st.sampled_from([*reps, "gone"]))}
            for role, reps in (("executive", EXECUTIVES), ("engineer", ENGINEERS))
            if draw(st.booleans())
        ]
        accounts.append(
            {
                "id": f"a{place}",
                "segment": draw(st.sampled_from(["both", "both", "one"])),
                "expected_revenue": draw(st.integers(0, 5)) * 100.0,
                "current": held,
            }
        )
    roles = [{"role": "executive", "hours": 3.1}, {"role": "engineer", "hours": 1.7}]
    reps = [{"id": name, "role": "executive", "capacity_hours": 5.0} for name in EXECUTIVES]
    reps += [{"id": name, "role": "engineer", "capacity_hours": 2.0} for name in ENGINEERS]
    segments = [{"id": "both", "roles": roles}, {"id": "one", "roles": roles[:1]}]
    for account in accounts:
        if account["segment"] == "one":
            account["current"] = [one for one in account["current"] if one["role"] == "executive"]
    return {"segments": segments, "accounts": accounts, "reps": reps}


@st.composite
def assigned(draw: st.DrawFn) -> tuple[Document, list[Document]]:
    """A problem, and any assignment of it: seats at their rep, at others, at nobody."""
    found, given_seats = problem(draw), []
    for account in found["accounts"]:
        for role, reps in (("executive", EXECUTIVES), ("engineer", ENGINEERS))[: 1 + (account["segment"] == "both")]:
            pick = draw(PER_SEAT)
            if pick < len(reps):
                given_seats.append({"account_id": account["id"], "role": role, "rep_id": reps[pick]})
    return found, given_seats


def judged(found: Document, policy: Document, seats: list[Document]) -> Plan:
    """The plan document of an assignment."""
    return evaluate(*documents(found, policy), [AssignmentIn(**seat) for seat in seats])


def values_of(found: Document, policy: Document, plan: Plan) -> Values:
    """The metrics that an experiment shows of a plan."""
    request = request_of({"problems": [{"problem": found}]})
    design = Design(request, [NamedPolicy("policy", Policy.model_validate_json(json.dumps(policy)))])
    cell, book = design.policy_cell(0, "policy", 0), book_of(found)
    return Plans(design, [book], [CellOutcome(cell.key, None, plan, seats_of(book, plan))]).values(cell)


def whole(found: Document) -> dict[str, float]:
    """What each metric is a share of, by hand: seats whose holder is still there, and accounts."""
    staying = [
        account["expected_revenue"]
        for account in found["accounts"]
        for one in account["current"]
        if one["rep_id"] != "gone"
    ]
    return {
        "moved_share": len(staying),
        "moved_revenue_share": sum(staying),
        "uncovered_share": len(found["accounts"]),
    }


@given(case=assigned())
@examples(40)
def test_a_metric_is_what_the_rule_of_its_name_misses_nothing_by(case: tuple[Document, list[Document]]) -> None:
    """A cap of 0 is missed by the amount itself; as a share of all that can stay it is the metric."""
    found, seats = case
    plan, total = judged(found, SOFT, seats), whole(found)
    missed = dict.fromkeys(RULES, 0.0)
    for row in plan.constraints:
        missed[row.id] += row.violation

    values = values_of(found, SOFT, plan)

    for name in RULES:
        expected = missed[name] / (total.get(name, 1) or 1)
        assert values[name] == pytest.approx(expected, abs=1e-9), name
    assert values["moved_revenue"] == pytest.approx(missed["moved_revenue_share"])
    assert values["penalty"] == pytest.approx(sum(missed.values()))
    assert values["violations"] == sum(row.violation > 1e-6 for row in plan.constraints)
    assert plan.summary is not None
    for name in ("moved", "moved_share", "moved_revenue", "moved_revenue_share"):
        assert values[name] == getattr(plan.summary, name)
    uncovered = {(one.account_id, one.role) for one in plan.uncovered if one.previous_rep_id and not one.forced}
    assert plan.summary.dropped == len(uncovered)
    assert verify(found, SOFT, plan.model_dump(mode="json")).ok


@given(case=assigned(), name=st.sampled_from(["moved_share", "moved_revenue_share", "uncovered_share"]))
@examples(40)
def test_the_frontier_admits_a_plan_from_its_own_metric_on(case: tuple[Document, list[Document]], name: str) -> None:
    """At a bound of the metric itself the plan keeps the point's rules; at any less it breaks them."""
    found, seats = case
    value = values_of(found, SOFT, judged(found, SOFT, seats))[name]
    assert value is not None
    asked = FrontierRequest.model_validate_json(json.dumps({"bounds": [{"metric": name, "from": 0, "to": 1}]}))

    for bound, kept in ((min(1.0, value), True), (value - 0.01, value <= 0.01)):
        policy = within(Policy(constraints=[]), asked, (max(0.0, bound),), Reference())
        rows = judged(found, policy.model_dump(mode="json"), seats).constraints
        assert all((row.violation <= 1e-6) == kept for row in rows)


def test_a_seat_of_any_role_that_leaves_its_rep_moves_its_accounts_revenue() -> None:
    """Four accounts of 100, two seats each: one executive moves and one engineer's seat is left: 2 of 8 seats."""
    roles = [{"role": "ae", "hours": 1}, {"role": "se", "hours": 1}]
    held = [{"role": "ae", "rep_id": "x"}, {"role": "se", "rep_id": "s"}]
    names = "abcd"
    found = {
        "segments": [{"id": "e", "roles": roles}],
        "accounts": [{"id": one, "segment": "e", "expected_revenue": 100.0, "current": held} for one in names],
        "reps": [{"id": "x", "role": "ae"}, {"id": "y", "role": "ae"}, {"id": "s", "role": "se"}],
    }
    seats = [{"account_id": one, "role": "ae", "rep_id": "y" if one == "a" else "x"} for one in names]
    seats += [{"account_id": one, "role": "se", "rep_id": "s"} for one in "abc"]

    summary = judged(found, {"constraints": []}, seats).summary

    assert summary is not None
    assert (summary.moved, summary.dropped, summary.moved_share) == (2, 1, 0.25)
    assert (summary.moved_revenue, summary.moved_revenue_share) == (200.0, 0.25)  # 2 x 100 of 8 x 100
