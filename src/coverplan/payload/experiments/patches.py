"""Patches: one change to a policy with its defaults filled in, by a JSON Pointer that can name a rule by its id."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue, ValidationError

from coverplan.payload.experiments.parts import Patch
from coverplan.payload.issues import IssueReport, clip, pointer
from coverplan.payload.policy import Policy
from coverplan.payload.translation import closest, faults, report_fault

BY_ID = re.compile(r"\[id=(.*)\]", re.DOTALL)
Place = tuple[str | int, ...]
"""Keys and indices from the policy down."""


@dataclass(frozen=True)
class Change:
    """A patch as it comes with a request: where, what, and where the request says so."""

    path: str
    value: JsonValue
    remove: bool
    at_path: str
    at_value: str

    @property
    def patch(self) -> Patch:
        return Patch(path=self.path, value=self.value, remove=self.remove)


@dataclass(frozen=True)
class Applied:
    """A change that was made: the rule that it touched (None: none) and the place below it, or in the policy."""

    change: Change
    rule: str | None
    below: Place


def apply(report: IssueReport, policy: Policy, change: Change) -> tuple[Policy, Applied] | None:
    """The changed policy; None, and issues, where there is no such place or the policy refuses the value."""
    document = policy.filled()
    place = locate(report, document, change)
    if place is None:
        return None
    parent: Any = document
    for part in place[:-1]:
        parent = parent[part]
    last = place[-1]
    if change.remove:
        del parent[last]
    elif isinstance(parent, list) and last == len(parent):
        parent.append(change.value)
    else:
        parent[last] = change.value
    try:
        changed = Policy.model_validate_json(json.dumps(document))
    except ValidationError as error:
        _refuse(report, error, document, place, change)
        return None
    return changed, _applied(policy if change.remove else changed, place, change)


def locate(report: IssueReport, document: Any, change: Change) -> Place | None:
    """The place that a path names; None, and an issue, where there is none."""
    if not change.path.startswith("/"):
        reason = "A path starts with a slash."
        report.add("invalid_value", change.at_path, value=change.path, reason=reason, suggestion="Put / in front.")
        return None
    place: list[str | int] = []
    node = document
    segments = [part.replace("~1", "/").replace("~0", "~") for part in change.path[1:].split("/")]
    for depth, segment in enumerate(segments):
        found = _step(node, segment, append=depth == len(segments) - 1 and not change.remove)
        if found is None:
            _unknown(report, node, segment, segments[:depth], change)
            return None
        place.append(found)
        node = node[found] if not isinstance(node, list) or found != len(node) else None
    return tuple(place)


def _step(node: object, segment: str, append: bool) -> str | int | None:
    """Key or index of a segment in a node; None: there is none."""
    if isinstance(node, dict):
        return segment if segment in node else None
    if not isinstance(node, list):
        return None
    if segment == "-" and append:
        return len(node)
    named = BY_ID.fullmatch(segment)
    if named:
        ids = [one.get("id") if isinstance(one, dict) else None for one in node]
        return ids.index(named[1]) if named[1] in ids else None
    return int(segment) if segment.isascii() and segment.isdigit() and int(segment) < len(node) else None


def _unknown(report: IssueReport, node: object, segment: str, above: Sequence[str], change: Change) -> None:
    """The issue of a segment that leads nowhere, with what is there instead."""
    if isinstance(node, dict):
        known = tuple(str(key) for key in node)
        wrong = segment
    elif isinstance(node, list):
        known = tuple(f"[id={one['id']}]" for one in node if isinstance(one, dict) and one.get("id") is not None)
        known += tuple(str(place) for place in range(len(node) - len(known)))
        wrong = segment
    else:
        known, wrong = (), segment
    report.add(
        "unknown_path",
        change.at_path,
        value=change.path,
        suggestion=closest(wrong, known, None) or "There is nothing below it.",
        segment=wrong,
        place="/" + "/".join(above),
    )


def _refuse(report: IssueReport, error: ValidationError, document: object, place: Place, change: Change) -> None:
    """What the policy has against a value, at the place of the value."""
    for fault in faults(error, Policy, document, (), 0):
        inside = fault.path[: len(place)] == place and not change.remove
        rest = fault.path[len(place) :] if inside else ()
        report_fault(report, replace(fault, path=rest), change.at_path if change.remove else change.at_value)


def _applied(policy: Policy, place: Place, change: Change) -> Applied:
    """Which rule was touched, by its id in the policy that has it."""
    if place[0] == "constraints" and len(place) > 1:
        return Applied(change, policy.rules()[int(place[1])].id, place[2:])
    return Applied(change, None, place)


def label_of(policy: Policy, path: str) -> str:
    """Rule and field of a path, e.g. `balance.tolerance`; the last two segments elsewhere."""
    segments = [part.replace("~1", "/").replace("~0", "~") for part in path.strip("/").split("/")]
    if segments[0] == "constraints" and len(segments) > 1:
        named = BY_ID.fullmatch(segments[1])
        rules = policy.rules()
        index = int(segments[1]) if segments[1].isascii() and segments[1].isdigit() else -1
        rule = named[1] if named else str(rules[index].id) if 0 <= index < len(rules) else "rule"
        return clip(".".join([rule, *segments[2:]]))
    return clip(".".join(segments[-2:]))


def shown(value: JsonValue) -> str:
    """A value as a policy's id shows it: a rule by its id, else its kind and fields, anything else as short JSON."""
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return str(value["id"])
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        fields = [f"{name} {shown(one)}" for name, one in value.items() if name != "kind"]
        return " ".join([str(value["kind"]), *fields])[:60]
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"


def place_of(changes: Sequence[Applied], rule: str | None, below: Place) -> str | None:
    """Where the request says what stands at a place of the changed policy; None: no change says it."""
    for applied in reversed(changes):
        if applied.rule == rule and below[: len(applied.below)] == applied.below and not applied.change.remove:
            return pointer(applied.change.at_value, below[len(applied.below) :])
    return None
