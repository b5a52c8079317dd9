"""From the request of an experiment to its policies: those one by one, then the grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from coverplan.payload.experiments.cells import NamedPolicy, StoredPolicies
from coverplan.payload.experiments.parts import ExperimentPolicy, Grid, GridAxis
from coverplan.payload.experiments.patches import Applied, Change, apply, label_of, locate, shown
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.issues import IssueReport, clip
from coverplan.payload.policy import Policy
from coverplan.payload.translation import closest

MAX_POLICIES = 1000


@dataclass(frozen=True)
class Draft:
    """A policy on its way: its base, its changes, and where the request says so."""

    base: Policy
    changes: tuple[Change, ...]
    at: str
    """Pointer of the policy or grid."""
    inline: bool
    """Whether the base stands there, or is the default one; else it is stored."""
    wish: str | None
    """Id that the request gives it."""
    default: str
    """Id otherwise."""


@dataclass(frozen=True)
class Expanded:
    """A policy, and where in the request each part of it stands."""

    named: NamedPolicy
    draft: Draft
    applied: tuple[Applied, ...]


def expand(report: IssueReport, request: ExperimentRequest, stored: StoredPolicies) -> list[Expanded]:
    """All policies that can be made; what cannot goes to the report."""
    drafts = list(_drafts(report, request, stored))
    made = []
    for draft, name in zip(drafts, _ids(report, drafts), strict=True):
        own = IssueReport()
        found = _make(own, draft)
        extend_once(report, own)
        if found is not None:
            policy, applied = found
            patches = tuple(change.patch for change in draft.changes)
            made.append(Expanded(NamedPolicy(name, policy, patches), draft, applied))
    return made


def _drafts(report: IssueReport, request: ExperimentRequest, stored: StoredPolicies) -> Iterator[Draft]:
    listed = request.policies or ([] if request.grid is not None else [ExperimentPolicy()])
    for place, one in enumerate(listed):
        at = f"/policies/{place}"
        base = base_of(report, one, stored, at)
        if base is not None:
            changes = tuple(_patches(report, one, at))
            name = base.name or (one.policy_ref.name if one.policy_ref else None) or f"policy-{place + 1}"
            yield Draft(base, changes, at, one.policy_ref is None, one.id, name)
    if request.grid is not None:
        base = base_of(report, request.grid, stored, "/grid")
        size = len(listed) + math.prod(len(axis.values) for axis in request.grid.axes)
        if size > MAX_POLICIES:
            report.add("experiment_too_large", "/grid", value=size, things="policies", limit=f"{MAX_POLICIES:,}")
        elif base is not None:
            yield from _grid(report, request.grid, base)


def base_of(report: IssueReport, one: ExperimentPolicy | Grid, stored: StoredPolicies, at: str) -> Policy | None:
    """The policy that changes start from."""
    if one.policy is not None and one.policy_ref is not None:
        report.add("invalid_value", f"{at}/policy_ref", reason="policy and policy_ref exclude each other.")
        return None
    if one.policy_ref is None:
        return one.policy or Policy()
    name, version = one.policy_ref.name, one.policy_ref.version
    if (name, version) in stored:
        return stored[name, version]
    there = any(known == name for known, _ in stored)
    if there:
        report.add("unknown_policy", f"{at}/policy_ref/version", value=version, suggestion="Leave out the version.")
    else:
        close = closest(name, tuple(sorted({known for known, _ in stored})), None)
        report.add("unknown_policy", f"{at}/policy_ref/name", value=name, suggestion=close)
    return None


def _patches(report: IssueReport, one: ExperimentPolicy, at: str) -> Iterator[Change]:
    for place, patch in enumerate(one.patches):
        where = f"{at}/patches/{place}"
        given = "value" in patch.model_fields_set
        if given and patch.remove and patch.value is not None:
            report.add("invalid_value", f"{where}/remove", reason="value and remove exclude each other.")
        elif not given and not patch.remove:
            report.add("missing_field", where, field="value")
        else:
            yield Change(patch.path, patch.value, patch.remove, f"{where}/path", f"{where}/value")


def _grid(report: IssueReport, grid: Grid, base: Policy) -> Iterator[Draft]:
    """One draft per combination of the values that the base takes one by one."""
    columns = [_sound(report, base, axis, place) for place, axis in enumerate(grid.axes)]
    _check_overwritten(report, base, grid.axes)
    labels = [axis.label or label_of(base, axis.path) for axis in grid.axes]
    for changes in itertools.product(*columns):
        name = ", ".join(f"{label}={shown(change.value)}" for label, change in zip(labels, changes, strict=True))
        yield Draft(base, changes, "/grid", grid.policy_ref is None, None, clip(name))


def _check_overwritten(report: IssueReport, base: Policy, axes: Sequence[GridAxis]) -> None:
    """An axis whose place is that of an earlier one, however it is spelled, or holds it, would undo its values."""
    document = base.filled()
    places = [locate(IssueReport(), document, Change(axis.path, None, False, "", "")) for axis in axes]
    for number, place in enumerate(places):
        for earlier, other in zip(axes, places[:number], strict=False):
            if place is not None and other is not None and other[: len(place)] == place:
                same = "has this path" if earlier.path == axes[number].path else f"is overwritten: {earlier.path}"
                at, reason = f"/grid/axes/{number}/path", f"An earlier axis {same}."
                report.add("invalid_value", at, value=axes[number].path, reason=reason)
                break


def _sound(report: IssueReport, base: Policy, axis: GridAxis, place: int) -> list[Change]:
    """The values of an axis that the base takes; each wrong one is an issue, a wrong path one for all."""
    found = []
    for index, value in enumerate(axis.values):
        at = f"/grid/axes/{place}"
        change = Change(axis.path, value, False, f"{at}/path", f"{at}/values/{index}")
        own = IssueReport()
        if apply(own, base, change) is not None:
            found.append(change)
        elif index == 0 or any(issue.pointer != change.at_path for issue in own.errors):
            report.extend(own)
    return found


def _make(report: IssueReport, draft: Draft) -> tuple[Policy, tuple[Applied, ...]] | None:
    """The base with all changes; what is wrong with each of them goes to the report."""
    policy, applied = draft.base, list[Applied]()
    for change in draft.changes:
        found = apply(report, policy, change)
        if found is not None:
            policy = found[0]
            applied.append(found[1])
    return (policy, tuple(applied)) if len(applied) == len(draft.changes) else None


def extend_once(report: IssueReport, found: IssueReport) -> None:
    """Take over issues; those that other combinations, or other problems, have brought already stay out."""
    there = {(issue.code, issue.pointer) for issue in report.errors}
    for issue in found.errors:
        if (issue.code, issue.pointer) not in there:
            report.errors.append(issue)
            report.count(issue.code, 1)


def _ids(report: IssueReport, drafts: Sequence[Draft]) -> Iterable[str]:
    """The ids: the given ones, which must differ; others are numbered where they do not."""
    taken: set[str] = set()
    for draft in drafts:
        if draft.wish in taken:
            report.add("duplicate_id", f"{draft.at}/id", value=draft.wish, kind="policy")
        if draft.wish is not None:
            taken.add(draft.wish)
    ids = []
    for draft in drafts:
        name = draft.wish
        if name is None:
            numbered = (f"{draft.default} ({number})" for number in itertools.count(2))
            name = draft.default if draft.default not in taken else next(one for one in numbered if one not in taken)
            taken.add(name)
        ids.append(name)
    return ids
