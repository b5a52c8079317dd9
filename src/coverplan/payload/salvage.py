"""Cross-checks of a document that has structural faults: what is readable is checked, what is not is set aside.

So a caller learns of an unknown territory and of a misspelt field at once. An issue that a fault may have caused is
left out: the caller meets it after mending the fault, if it is real.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known, check_alone, check_policy
from coverplan.payload.problem import Problem
from coverplan.payload.problem_checks import check_problem
from coverplan.payload.translation import Fault, value_at

Path = tuple[str | int, ...]

MISSED = {
    "accounts": "unknown_account",
    "reps": "unknown_rep",
    "territories": "unknown_territory",
    "segments": "unknown_segment",
    "managers": "unknown_manager",
}
"""Collection to the issue that follows when one of its ids is unreadable."""
DOUBTFUL = {
    "accounts": {"unknown_industry", "unknown_tag"},
    "reps": {"unknown_role", "missing_quota"},
    "territories": {"missing_target"},
    "segments": {"unknown_role", "role_not_in_segment"},
    "managers": {"unknown_team"},
}
"""Collection to the issues that any fault in it may cause."""
WITHIN_ITEM = {"duplicate_role", "role_not_in_segment", "shares_do_not_sum", "shares_incomplete", "end_before_start"}
"""Issues that a fault in the same account, rep or segment may cause."""


def cross_errors(document: BaseModel, faults: Sequence[Fault], at: str) -> IssueReport:
    """The errors that cross-checks find in a document whose faults were set aside."""
    found = IssueReport()
    cross_check(found, document, at)
    return _trusted(found, faults, at)


def cross_check(report: IssueReport, document: BaseModel, at: str) -> None:
    """The errors of a problem, of a policy, or of a body with one of them or both."""
    if isinstance(document, Problem):
        check_problem(report, document, at)
    elif isinstance(document, Policy):
        check_alone(report, document, at)
    problem, policy = getattr(document, "problem", None), getattr(document, "policy", None)
    if isinstance(problem, Problem):
        check_problem(report, problem, f"{at}/problem")
        if isinstance(policy, Policy):
            check_policy(report, Known.of(problem), policy, f"{at}/policy")
    elif isinstance(policy, Policy):
        check_alone(report, policy, f"{at}/policy")


def set_aside(tree: object, faults: Sequence[Fault]) -> bool:
    """Replace or remove the value at every fault; False if a fault concerns the whole document."""
    if any(not fault.path for fault in faults):
        return False
    for number, fault in enumerate(faults):
        _replace(tree, fault, f"(unreadable {number})")
    return True


def _replace(tree: object, fault: Fault, filler: str) -> None:
    path = fault.path
    if "constraints" in path[:-1]:
        path = path[: path.index("constraints") + 2]
    parent, key = value_at(tree, path[:-1]), path[-1]
    if isinstance(parent, list) and isinstance(key, int) and key < len(parent):
        parent[key] = _item([part for part in path if isinstance(part, str)][-1], filler)
    elif isinstance(parent, dict) and fault.code == "unknown_field" and path == fault.path:
        parent.pop(key, None)
    elif isinstance(parent, dict):
        required = _required(str(key), filler)
        if required is None:
            parent.pop(key, None)
        else:
            parent[key] = required


def _item(collection: str, filler: str) -> object:
    """A list item that reads well and means nothing."""
    items: dict[str, object] = {
        "constraints": {"kind": "capacity", "id": filler},
        "fit": {"rep_id": filler, "multiplier": 1},
        "pairs": {"rep_id": filler, "account_id": filler},
        "assignments": {"rep_id": filler, "account_id": filler},
        "current": {"rep_id": filler},
        "roles": {"role": filler},
        "ramp": 1,
        "revenue_history": 0,
    }
    return {"id": filler} if collection in MISSED else items.get(collection, filler)


def _required(name: str, filler: str) -> object:
    """A value for a field that has no default; None for those that have one."""
    if name in ("id", "rep_id", "account_id"):
        return filler
    empty: dict[str, object] = {
        "accounts": [],
        "reps": [],
        "assignments": [],
        "problem": {"accounts": [], "reps": []},
        "lat": 0,
        "lon": 0,
        "multiplier": 1,
    }
    return empty.get(name)


def _trusted(found: IssueReport, faults: Iterable[Fault], at: str) -> IssueReport:
    """The errors that no fault can have caused."""
    places = {pointer(at, fault.path) for fault in faults}
    items = {pointer(at, item) for fault in faults if (item := _item_path(fault.path))}
    above = {place[:cut] for place in places for cut in range(len(place)) if place[cut] == "/"}
    codes = {code for fault in faults for code in _doubtful(fault.path)}
    trusted = IssueReport()
    for issue in found.errors:
        heads = {issue.pointer[:cut] for cut in range(len(issue.pointer)) if issue.pointer[cut] == "/"}
        here = issue.pointer in places or issue.pointer in above or bool(heads & places)
        nearby = issue.code in WITHIN_ITEM and bool(heads & items)
        if not here and not nearby and issue.code not in codes:
            trusted.errors.append(issue)
    trusted.total_errors = len(trusted.errors) + found.total_errors - len(found.errors)
    return trusted


def _item_path(path: Path) -> Path:
    """The path of the outermost list item on a path."""
    place = next((place for place, part in enumerate(path) if isinstance(part, int)), None)
    return () if place is None else path[: place + 1]


def _doubtful(path: Path) -> set[str]:
    for place, part in enumerate(path):
        if part in MISSED:
            rest, name = path[place + 1 :], str(part)
            whole = len(rest) <= 1 or rest[1:] == ("id",)
            return DOUBTFUL[name] | ({MISSED[name]} if whole else set())
        if part in ("constraints", "policy"):
            return set()
        if part == "problem" and len(path) == 1:
            return {code for name in MISSED for code in (*DOUBTFUL[name], MISSED[name], "no_accounts", "no_reps")}
    return set()
