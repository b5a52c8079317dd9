"""A carve small enough to check by hand, as plain documents, and a reader of pages.

Ana (r1) has 10 hours and holds Acme (1,000; 4 h) and Beta (500; 3 h). Bo (r2) has 10 hours and holds nothing.
Core (300; 5 h) belongs to r9, who left. Dune (200 of new business; 6 h) belongs to nobody.
The plan keeps Acme, moves Beta to Bo for a loss of 75, has to move Core to Bo for a loss of 45, and has no room
for Dune. Balance asks for 850 to 1,150 per rep (half of 2,000, +-15 %); Bo has 800: 50 short, at 0.6 each: 30.
Objective: 1,800 - 120 - 30 = 1,650.
"""

import json
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

Document = dict[str, Any]
VOID = {"meta", "br", "img", "hr", "input", "link"}
ROLE = "account_executive"


class Page(HTMLParser):
    """Checks that elements nest, and collects texts, attributes, scripts and the report's data."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[str] = []
        self.data: Document = {}
        self.texts: list[str] = []
        self._kind = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self._kind = dict(attrs).get("type") or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            if self._kind == "application/json":
                self.data = json.loads(data)
            else:
                self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text with single plain spaces."""
        return " ".join(" ".join(self.texts).replace("\u202f", " ").split())


def problem() -> Document:
    def account(name: str, place: int, hours: float, **more: Any) -> Document:
        return {"id": f"a{place}", "name": name, "hours": hours, **more}

    def current(rep: str) -> list[Document]:
        return [{"role": ROLE, "rep_id": rep}]

    return {
        "currency": "EUR",
        "reps": [
            {"id": "r1", "name": "Ana", "capacity_hours": 10, "manager_id": "m1"},
            {"id": "r2", "name": "Bo", "capacity_hours": 10, "manager_id": "m1"},
        ],
        "managers": [{"id": "m1", "name": "Mia"}],
        "accounts": [
            account("Acme", 1, 4, expected_revenue=1000, current=current("r1"), location={"lat": 0, "lon": 0}),
            account("Beta", 2, 3, expected_revenue=500, current=current("r1"), location={"lat": 60, "lon": 10}),
            account("Core", 3, 5, expected_revenue=300, current=current("r9")),
            account("Dune", 4, 6, kind="prospect", potential=200),
        ],
    }


def policy() -> Document:
    return {
        "name": "gentle",
        "constraints": [{"kind": "capacity"}, {"kind": "balance", "measure": "revenue", "penalty": 0.6}],
    }


def plan() -> Document:
    return deepcopy(PLAN)


def infeasible() -> Document:
    """The same, had capacity been 3 hours: no plan, and the assignment above as what comes closest."""
    closest = {**plan(), "solution_status": "infeasible", "dual_bound": None, "gap": None, "absolute_gap": None}
    closest |= {"certificate": None, "dual_bound_source": None}
    closest["constraints"] = [
        _row("capacity", "rep:r1", 4, None, 3, violation=1.0),
        _row("capacity", "rep:r2", 8, None, 3, violation=5.0),
    ]
    lists: Document = {name: [] for name in ("assignments", "uncovered", "reps", "constraints")}
    return {**closest, **lists, "objective": None, "summary": None, "least_violating": closest, "metrics": {}}


def _row(
    rule: str, scope: str, activity: float, lower: float | None, upper: float | None, **more: float | bool
) -> Document:
    row = {"id": rule, "kind": rule, "scope": scope, "activity": activity, "lower": lower, "upper": upper}
    return {**row, "slack": 0.0, "binding": False, "violation": 0.0, "penalty": 0.0, **more}


def _seat(account: str, rep: str, before: str, change: str, value: float, hours: float, **more: Any) -> Document:
    seat = {"account_id": account, "role": ROLE, "rep_id": rep, "previous_rep_id": before, "change": change}
    return {**seat, "expected_revenue": value, "hours": hours, "relationship_loss": 0.0, "forced": False, **more}


def _book(rep: str, hours: float, accounts: int, revenue: float, kept: int, gained: int, lost: int) -> Document:
    book = {"rep_id": rep, "hours": hours, "capacity_hours": 10.0, "utilisation": hours / 10, "accounts": accounts}
    return {**book, "revenue": revenue, "expected_revenue": revenue, "kept": kept, "gained": gained, "lost": lost}


PLAN: Document = {
    "problem_hash": "sha256:1234",
    "policy_hash": "sha256:5678",
    "versions": {"coverplan": "0.1.0"},
    "solution_status": "feasible",
    "stopped_by": "time_limit",
    "method": {"used": "exact", "backend": "highs", "why": "4 seats, 8 pairs"},
    "objective": {
        "value": 1650.0,
        "terms": [
            {"term": "expected_revenue", "value": 1800.0},
            {"term": "relationship_loss", "value": -120.0},
            {"term": "penalty", "constraint": "balance", "value": -30.0},
        ],
    },
    "dual_bound": 1700.0,
    "dual_bound_source": "branch_and_bound",
    "gap": 50 / 1650,
    "absolute_gap": 50.0,
    "summary": {
        "accounts": 4,
        "seats": 4,
        "covered": 3,
        "uncovered": 1,
        "kept": 1,
        "moved": 1,
        "forced": 1,
        "new": 0,
        "moved_share": 0.5,
        "moved_revenue": 500.0,
        "moved_revenue_share": 1 / 3,
    },
    "assignments": [
        _seat("a1", "r1", "r1", "kept", 1000.0, 4.0),
        _seat("a2", "r2", "r1", "moved", 425.0, 3.0, relationship_loss=75.0),
        _seat("a3", "r2", "r9", "moved", 255.0, 5.0, relationship_loss=45.0, forced=True),
    ],
    "uncovered": [{"account_id": "a4", "role": ROLE, "reason": "no_room"}],
    "reps": [_book("r1", 4.0, 1, 1000.0, 1, 0, 1), _book("r2", 8.0, 2, 800.0, 0, 2, 0)],
    "constraints": [
        _row("capacity", "rep:r1", 4, None, 10, slack=6.0),
        _row("capacity", "rep:r2", 8, None, 10, slack=2.0),
        _row("balance", "rep:r1", 1000, 850, 1150, slack=150.0),
        _row("balance", "rep:r2", 800, 850, 1150, violation=50.0, penalty=30.0),
    ],
    "certificate": {
        "bound": 1720.0,
        "gap": 70 / 1650,
        "source": "lp_relaxation",
        "prices": [
            {"constraint": "capacity", "scope": "rep:r2", "upper": 12.5},
            {"constraint": "balance", "scope": "rep:r2", "lower": 0.3},
        ],
    },
    "issues": [
        {
            "code": "forced_move",
            "severity": "warning",
            "pointer": "/problem/accounts/2",
            "entity": {"type": "account", "id": "a3"},
            "message": "The current rep is not among the reps.",
        }
    ],
    "metrics": {
        "seats": 4,
        "pairs": 8,
        "rows": 4,
        "progress": [
            {"t": 0.1, "objective_value": 1500.0, "dual_bound": 1720.0, "gap": 220 / 1500, "phase": "rounding"},
            {"t": 0.5, "objective_value": 1650.0, "dual_bound": 1700.0, "gap": 50 / 1650, "phase": "search"},
        ],
    },
}
