"""Problems small enough to work out by hand: expected revenue is the only value unless a test says more."""

from __future__ import annotations

from typing import Any

from coverplan.payload.answer import evaluate, solve
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.verify import verify
from support.brute import documents

Document = dict[str, Any]
AE, SE = "account_executive", "sales_engineer"
TWO_ROLES = [
    {
        "id": "shared",
        "roles": [
            {"role": AE, "hours": 4, "revenue_share": 0.75},
            {"role": SE, "hours": 2, "revenue_share": 0.25},
        ],
    }
]


def book(accounts: dict[str, Document], reps: dict[str, Document], **rest: Any) -> Document:
    """A problem of these accounts and reps, twelve months from 2027."""
    return {
        "horizon": {"start": "2027-01-01", "months": 12},
        "accounts": [{"id": name, **fields} for name, fields in accounts.items()],
        "reps": [{"id": name, **fields} for name, fields in reps.items()],
        **rest,
    }


def worth(money: float, holder: str | None = None, **rest: Any) -> Document:
    """An account of this expected revenue, covered today by the holder."""
    return {"expected_revenue": money, "current": [{"rep_id": holder}] if holder else [], **rest}


def evaluated(problem: Document, rule: Document, cover: dict[str, str]) -> Plan:
    """The plan document of a cover: rep by `account`, or by `account/role`; it must pass the verifier."""
    policy = {"constraints": [rule]}
    given = []
    for seat, rep in cover.items():
        account, _, role = seat.partition("/")
        given.append(AssignmentIn(account_id=account, role=role or None, rep_id=rep))
    plan = evaluate(*documents(problem, policy), given)
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures
    return plan


def measured(problem: Document, rule: Document, cover: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Activity and violation of each row by scope."""
    return {row.scope: (row.activity, row.violation) for row in evaluated(problem, rule, cover).constraints}


def bounds(problem: Document, rule: Document) -> dict[str, tuple[float | None, float | None]]:
    """Lower and upper bound of each row by scope."""
    return {row.scope: (row.lower, row.upper) for row in evaluated(problem, rule, {}).constraints}


def solved(problem: Document, *rules: Document, objective: Document | None = None, **options: Any) -> Plan:
    """The optimal plan; it must pass the verifier."""
    policy = {"constraints": list(rules), "objective": objective or {}}
    plan = solve(*documents(problem, policy), Options(relative_gap=0.0, **options))
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures
    return plan


def value(plan: Plan) -> float:
    """The objective of a plan that was found."""
    assert plan.objective is not None
    return plan.objective.value


def cover_of(plan: Plan) -> dict[str, str]:
    """Rep by account, or by `account/role` where it is not the first role."""
    return {
        f"{one.account_id}/{one.role}" if one.role == SE else one.account_id: one.rep_id for one in plan.assignments
    }


def why_uncovered(plan: Plan) -> dict[str, str]:
    """Reason by account."""
    return {seat.account_id: seat.reason for seat in plan.uncovered}
