"""What changed between two policies: rules by their ids, everything else by its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coverplan.payload.issues import pointer
from coverplan.payload.policies import PolicyDiff
from coverplan.payload.policy import Policy

Facts = dict[str, Any]


def policy_diff(name: str, before: tuple[int, Policy], after: tuple[int, Policy]) -> PolicyDiff:
    """The changes from one version to another; the order of the rules is none."""
    old, new = before[1].filled(), after[1].filled()
    rules = list(_rule_changes(old.pop("constraints"), new.pop("constraints")))
    fields = list(_field_changes(old, new, []))
    return PolicyDiff.model_validate(
        {
            "name": name,
            "from": before[0],
            "to": after[0],
            "same": not rules and not fields,
            "constraints": rules,
            "fields": fields,
        }
    )


def _rule_changes(before: list[Facts], after: list[Facts]) -> Iterator[Facts]:
    old, new = {rule["id"]: rule for rule in before}, {rule["id"]: rule for rule in after}
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        change = "added" if one is None else "removed" if other is None else "changed"
        fields = [] if one is None or other is None else list(_field_changes(one, other, []))
        kind = (other or one or {})["kind"]
        yield {"id": name, "kind": kind, "change": change, "from": one, "to": other, "fields": fields}


def _field_changes(before: Facts, after: Facts, path: list[str | int]) -> Iterator[Facts]:
    """Fields within objects one by one, lists as a whole."""
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _field_changes(one, other, [*path, name])
        elif one != other:
            yield {"path": pointer("", [*path, name]), "from": one, "to": other}
