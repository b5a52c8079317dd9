"""Every code of the catalogue: a body that raises it, at the place it names."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import coverplan
from coverplan.payload.checks import check
from coverplan.payload.issue_codes import CATALOGUE
from coverplan.payload.issues import Issue, PayloadError, catalogue
from coverplan.payload.reading import read_document
from coverplan.payload.requests import SolveRequest

Body = dict[str, Any]

ELSEWHERE = {
    "start_plan_ignored",
    "duplicate_assignment",
    "inadmissible_assignment",
    "exact_method_only",
    "too_large_for_rule",
    "invalid_url",
    "address_refused",
    "header_refused",
    "invalid_uri",
    "uri_not_allowed",
    "unknown_path",
    "unknown_policy",
    "experiment_too_large",
    "hard_reference",
    "invalid_rule",
}
"""Raised by start plans, evaluations, solves, webhooks, datasets and experiments: tested with them."""


def body(policy: Body | None = None, **problem: Any) -> bytes:
    facts = {"accounts": [{"id": "a"}], "reps": [{"id": "r"}], **problem}
    return json.dumps({"problem": facts, "policy": policy or {"constraints": []}}).encode()


def account(**fields: Any) -> Body:
    return {"accounts": [{"id": "a", **fields}]}


def rep(**fields: Any) -> Body:
    return {"reps": [{"id": "r", **fields}]}


def rule(kind: str, **fields: Any) -> Body:
    return {"constraints": [{"kind": kind, **fields}]}


def held_by(name: str, **fields: Any) -> Body:
    return {"current": [{"rep_id": name}], **fields}


CASES: list[tuple[str, str, bytes]] = [
    ("empty_body", "", b" \n"),
    ("invalid_utf8", "", b'{"problem": "\xff"}'),
    ("invalid_json", "", b'{"problem": {}} trailing'),
    ("invalid_unicode", "/problem/accounts/0/name", body(**account(name="\ud800"))),
    ("duplicate_key", "/problem", b'{"problem": {}, "problem": {}}'),
    ("non_finite_number", "/problem/accounts/0/potential", body(**account(potential=float("nan")))),
    ("number_too_long", "/problem/accounts/0/potential", body(**account(potential=7)).replace(b"7", b"7" * 5000)),
    ("too_deep", "/problem" + "/0" * 63, b'{"problem": ' + b"[" * 100 + b"]" * 100 + b"}"),
    ("too_many_fields", "/problem", json.dumps({"problem": {f"field{n}": 0 for n in range(1001)}}).encode()),
    ("wrong_type", "/problem/accounts/0/potential", body(**account(potential="5"))),
    ("unknown_field", "/problem/accounts/0/potentail", body(**account(potentail=5))),
    ("missing_field", "/problem/reps/0/id", body(reps=[{}])),
    ("out_of_range", "/problem/reps/0/ramp/1", body(**rep(ramp=[0.5, 1.5]))),
    ("invalid_date", "/problem/reps/0/start_date", body(**rep(start_date="2027-02-30"))),
    ("unknown_value", "/problem/reps/0/status", body(**rep(status="actve"))),
    ("unknown_kind", "/policy/constraints/0/kind", body(rule("capcity"))),
    ("too_short", "/problem/reps/0/id", body(reps=[{"id": ""}])),
    ("too_long", "/problem/reps/0/id", body(reps=[{"id": "r" * 201}])),
    ("invalid_characters", "/problem/reps/0/id", body(reps=[{"id": "r\u0000"}])),
    ("invalid_value", "/policy/constraints/0", body(rule("revenue_target", per="company"))),
    ("no_accounts", "/problem/accounts", body(accounts=[])),
    ("no_reps", "/problem/reps", body(reps=[])),
    ("duplicate_id", "/problem/reps/1/id", body(reps=[{"id": "r"}, {"id": "r"}])),
    ("unknown_territory", "/problem/accounts/0/territory_id", body(**account(territory_id="west"))),
    ("unknown_segment", "/problem/accounts/0/segment", body(**account(segment="big"))),
    ("unknown_manager", "/problem/reps/0/manager_id", body(**rep(manager_id="m"))),
    ("unknown_rep", "/problem/fit/0/rep_id", body(fit=[{"rep_id": "q", "account_id": "a", "multiplier": 2}])),
    ("unknown_account", "/problem/accounts/0/parent_id", body(**account(parent_id="b"))),
    ("unknown_role", "/policy/constraints/0/role", body(rule("goal", measure="hours", max=1, role="se"))),
    ("unknown_industry", "/policy/constraints/0/accounts/industry/0",
     body(rule("protect", accounts={"industry": ["health"]}))),
    ("unknown_tag", "/policy/constraints/0/accounts/tags/0", body(rule("protect", accounts={"tags": ["x"]}))),
    ("unknown_team", "/policy/constraints/0/reps/team/0", body(rule("capacity", reps={"team": ["m"]}))),
    ("repeated_reference", "/policy/constraints/0/reps/ids/1", body(rule("capacity", reps={"ids": ["r", "r"]}))),
    ("territory_cycle", "/problem/territories/0/parent_id",
     body(territories=[{"id": "x", "parent_id": "y"}, {"id": "y", "parent_id": "x"}])),
    ("manager_cycle", "/problem/managers/0/manager_id", body(managers=[{"id": "m", "manager_id": "m"}])),
    ("account_cycle", "/problem/accounts/1/parent_id",
     body(accounts=[{"id": "c", "parent_id": "a"}, {"id": "a", "parent_id": "b"}, {"id": "b", "parent_id": "a"}])),
    ("role_not_in_segment", "/problem/accounts/0/current/0/role",
     body(**account(current=[{"role": "se", "rep_id": "r"}]))),
    ("duplicate_role", "/problem/segments/0/roles/1/role",
     body(segments=[{"id": "s", "roles": [{"role": "ae"}, {"role": "ae"}]}])),
    ("shares_do_not_sum", "/problem/segments/0/roles",
     body(segments=[{"id": "s", "roles": [{"role": "ae", "revenue_share": 0.9}]}])),
    ("shares_incomplete", "/problem/segments/0/roles",
     body(segments=[{"id": "s", "roles": [{"role": "ae", "revenue_share": 1}, {"role": "se"}]}])),
    ("end_before_start", "/problem/reps/0/end_date", body(**rep(start_date="2027-02-02", end_date="2027-02-01"))),
    ("fit_needs_one_target", "/problem/fit/0", body(fit=[{"rep_id": "r", "multiplier": 1}])),
    ("duplicate_pair", "/problem/pairs/1", body(pairs=[{"account_id": "a", "rep_id": "r"}] * 2)),
    ("duplicate_fit", "/problem/fit/1", body(fit=[{"rep_id": "r", "account_id": "a", "multiplier": 2}] * 2)),
    ("fit_without_accounts", "/problem/fit/0/industry",
     body(fit=[{"rep_id": "r", "industry": "health", "multiplier": 2}])),
    ("pair_without_seat", "/problem/pairs/0/rep_id",
     body(reps=[{"id": "r", "role": "se"}], pairs=[{"account_id": "a", "rep_id": "r"}])),
    ("role_without_seats", "/problem/reps/0/role", body(**rep(role="se"))),
    ("family_locked_apart", "/problem/accounts/1/locked",
     body(rule("family"), reps=[{"id": "r"}, {"id": "q"}],
          accounts=[{"id": "a", "locked": True, **held_by("r")},
                    {"id": "b", "locked": True, "parent_id": "a", **held_by("q")}])),
    ("locked_without_current", "/problem/accounts/0/locked", body(**account(locked=True))),
    ("forced_move", "/problem/accounts/0/current/0/rep_id", body(**account(**held_by("left")))),
    ("start_date_assumed", "/problem/reps/0/start_date", body(**rep(status="open"))),
    ("horizon_assumed", "/problem/horizon/start", body(**rep(end_date="2027-05-01"))),
    ("rep_inactive", "/problem/reps/0", body(**rep(end_date="2026-12-31"))),
    ("contradictory_bounds", "/policy/constraints/0/min", body(rule("account_count", min=3, max=2))),
    ("missing_limit", "/policy/constraints/0", body(rule("account_count"))),
    ("missing_target", "/policy/constraints/0/ids/0",
     body(rule("revenue_target", per="territory", ids=["x"]), territories=[{"id": "x"}])),
    ("missing_quota", "/policy/constraints/0/share", body(rule("balance", share="quota"))),
    ("empty_filter", "/policy/constraints/0/accounts", body(rule("protect", accounts={"kind": "prospect"}))),
    ("duplicate_group", "/policy/constraints/0/groups/0/id",
     body(rule("exclusive", groups=[{"id": "g", "accounts": {}}, {"id": "g", "accounts": {}}]))),
    (
        "penalty_swamps_money",
        "/policy/constraints/0/penalty",
        body(rule("must_cover", penalty=1e12), **account(expected_revenue=100)),
    ),
    ("no_pods", "/policy/constraints/0", body(rule("same_team"))),
    ("hours_exceed_capacity", "/problem/reps", body(rule("capacity", penalty=1), **rep(capacity_hours=0.5))),
    ("territory_hours_exceed_capacity", "/problem/territories/0",
     body(rule("capacity"), territories=[{"id": "x"}], **account(territory_id="x"), **rep(capacity_hours=0.5))),
    ("seat_without_rep", "/problem/accounts/0", body(**account(required_skills=["magic"]))),
    ("locks_exceed_capacity", "/problem/reps/0/capacity_hours",
     body(rule("capacity"), **account(locked=True, **held_by("r")), **rep(capacity_hours=0.5))),
    ("must_cover_out_of_reach", "/policy/constraints/0",
     body(rule("must_cover"), **account(required_skills=["magic"]))),
    ("must_cover_exceeds_capacity", "/policy/constraints/1",
     body({"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}, **rep(capacity_hours=0.5))),
    ("bound_out_of_reach", "/policy/constraints/0", body(rule("account_count", min=2))),
    ("truncated_candidates", "/policy/candidates/per_seat",
     body({"candidates": {"per_seat": 1}}, reps=[{"id": "r"}, {"id": "q"}])),
]  # fmt: skip


def issues_of(data: bytes) -> list[Issue]:
    """All issues of a solve request."""
    try:
        request = read_document(SolveRequest, data)
    except PayloadError as error:
        return error.report.issues
    return check(request.problem, request.policy).issues


@pytest.mark.parametrize(("code", "pointer", "data"), CASES, ids=[code for code, _, _ in CASES])
def test_each_code_is_raised_at_its_place(code: str, pointer: str, data: bytes) -> None:
    found = issues_of(data)

    assert (code, pointer) in [(issue.code, issue.pointer) for issue in found]
    assert all(issue.severity == CATALOGUE[issue.code].severity for issue in found)
    assert all("{" not in CATALOGUE[issue.code].message or issue.message for issue in found)


def test_the_cases_are_the_catalogue() -> None:
    assert {code for code, _, _ in CASES} == set(CATALOGUE) - ELSEWHERE


def test_every_code_in_the_source_is_catalogued_and_every_catalogued_one_is_in_the_source() -> None:
    folder = Path(coverplan.__file__).parent
    strings, raised = set[str](), set[str]()
    for file in folder.rglob("*.py"):
        if file.name == "issue_codes.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
            if isinstance(node, ast.Call) and _raises(node, of_a_rule=file.parent.name == "constraints"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    raised.add(str(first.value))

    assert raised <= set(CATALOGUE)
    assert set(CATALOGUE) <= strings


def _raises(call: ast.Call, of_a_rule: bool) -> bool:
    """Whether a call adds an issue to a report, or is what a rule finds or names."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "add" and len(call.args) > 1
    return of_a_rule and isinstance(call.func, ast.Name) and call.func.id in {"Finding", "Named"}


def test_the_served_catalogue_explains_every_code_once() -> None:
    codes = [entry["code"] for entry in catalogue()]

    assert codes == sorted(set(CATALOGUE))
    assert all(entry["message"] and entry["severity"] in ("error", "warning") for entry in catalogue())
