"""Cross-checks of the problem alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from coverplan.payload.columns import with_default
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.problem import Problem, Segment
from coverplan.payload.references import References

SHARE_TOLERANCE = 1e-6

Path = list[str | int]


def check_problem(report: IssueReport, problem: Problem, at: str) -> None:
    """Ids, references, cycles, and facts that contradict each other."""
    if not problem.accounts:
        report.add("no_accounts", pointer(at, ["accounts"]))
    check_staff(report, problem, at, {account.segment for account in problem.accounts})
    references = References(report, at)
    segments = {segment.id: segment for segment in reversed(with_default(problem.segments))}
    territories = {territory.id for territory in problem.territories}
    accounts = _check_accounts(references, problem, territories, segments)
    _check_fit(references, problem, {rep.id for rep in problem.reps}, accounts, segments)
    _check_pairs(references, problem, segments)


def check_staff(report: IssueReport, problem: Problem, at: str, used: Collection[str]) -> None:
    """The part that looks at no account: horizon, segments, territories, managers and reps.

    `used` are the segments of the accounts.
    """
    references = References(report, at)
    segments = {segment.id: segment for segment in reversed(with_default(problem.segments))}
    if not problem.reps:
        report.add("no_reps", pointer(at, ["reps"]))
    territories = _check_territories(references, problem)
    managers = _check_managers(references, problem)
    _check_segments(references, problem)
    _check_reps(references, problem, territories, managers, segments, used)
    _check_horizon(references, problem)


def _check_territories(references: References, problem: Problem) -> set[str]:
    territories = problem.territories
    ids = references.unique("territory", (one.id for one in territories), ["territories"])
    parents = [one.parent_id for one in territories]
    for row, one in enumerate(territories):
        path: Path = ["territories", row, "parent_id"]
        references.known("unknown_territory", one.parent_id, ids, path, ("territory", one.id))
    names = [one.id for one in territories]
    references.no_cycle("territory_cycle", names, parents, ["territories"], "parent_id")
    return ids


def _check_managers(references: References, problem: Problem) -> set[str]:
    managers = problem.managers
    ids = references.unique("manager", (one.id for one in managers), ["managers"])
    for row, one in enumerate(managers):
        path: Path = ["managers", row, "manager_id"]
        references.known("unknown_manager", one.manager_id, ids, path, ("manager", one.id))
    above = [one.manager_id for one in managers]
    references.no_cycle("manager_cycle", [one.id for one in managers], above, ["managers"], "manager_id")
    return ids


def _check_segments(references: References, problem: Problem) -> None:
    report, at = references.report, references.at
    references.unique("segment", (one.id for one in problem.segments), ["segments"])
    for row, segment in enumerate(problem.segments):
        entity = ("segment", segment.id)
        _report_repeated_roles(references, [need.role for need in segment.roles], ["segments", row, "roles"], entity)
        shares = [need.revenue_share for need in segment.roles if need.revenue_share is not None]
        place = pointer(at, ["segments", row, "roles"])
        if shares and len(shares) < len(segment.roles):
            report.add("shares_incomplete", place, entity=entity)
        elif shares and abs(sum(shares) - 1) > SHARE_TOLERANCE:
            report.add("shares_do_not_sum", place, value=round(sum(shares), 9), entity=entity)


def _report_repeated_roles(
    references: References, roles: Iterable[str], path: list[str | int], entity: tuple[str, str]
) -> None:
    seen: set[str] = set()
    for place, role in enumerate(roles):
        if role in seen:
            at = pointer(references.at, [*path, place, "role"])
            references.report.add("duplicate_role", at, value=role, entity=entity)
        seen.add(role)


def _check_reps(
    references: References,
    problem: Problem,
    territories: set[str],
    managers: set[str],
    segments: Mapping[str, Segment],
    used: Collection[str],
) -> None:
    report, at = references.report, references.at
    references.unique("rep", (rep.id for rep in problem.reps), ["reps"])
    needed = {need.role for name in used if name in segments for need in segments[name].roles}
    for row, rep in enumerate(problem.reps):
        entity = ("rep", rep.id)
        references.known("unknown_manager", rep.manager_id, managers, ["reps", row, "manager_id"], entity)
        references.all_known(
            "unknown_territory", rep.territory_ids, territories, ["reps", row, "territory_ids"], entity
        )
        references.all_known("unknown_segment", rep.segments, segments.keys(), ["reps", row, "segments"], entity)
        if rep.role not in needed and used:
            report.add("role_without_seats", pointer(at, ["reps", row, "role"]), value=rep.role, entity=entity)
        start = rep.start_date
        if start is not None and rep.end_date is not None and rep.end_date < start:
            place = pointer(at, ["reps", row, "end_date"])
            report.add("end_before_start", place, value=str(rep.end_date), entity=entity, start=start)
        if start is None and rep.status != "active":
            place = pointer(at, ["reps", row, "start_date"])
            report.add("start_date_assumed", place, value=str(problem.horizon.start), entity=entity)


def _check_accounts(
    references: References, problem: Problem, territories: set[str], segments: Mapping[str, Segment]
) -> set[str]:
    accounts = problem.accounts
    ids = references.unique("account", (account.id for account in accounts), ["accounts"])
    roles = {name: [need.role for need in segment.roles] for name, segment in segments.items()}
    for row, account in enumerate(accounts):
        if account.territory_id is not None and account.territory_id not in territories:
            path, entity = Path(["accounts", row, "territory_id"]), ("account", account.id)
            references.known("unknown_territory", account.territory_id, territories, path, entity)
        if account.parent_id is not None and account.parent_id not in ids:
            path, entity = Path(["accounts", row, "parent_id"]), ("account", account.id)
            references.known("unknown_account", account.parent_id, ids, path, entity)
        if account.segment not in segments:
            path, entity = Path(["accounts", row, "segment"]), ("account", account.id)
            references.known("unknown_segment", account.segment, segments, path, entity)
        elif account.current:
            _check_current(references, problem, row, roles[account.segment])
    above = [account.parent_id for account in accounts]
    if any(above):
        names = [account.id for account in accounts]
        references.no_cycle("account_cycle", names, above, ["accounts"], "parent_id")
    return ids


def _check_current(references: References, problem: Problem, row: int, roles: list[str]) -> None:
    """Each entry is for a role of the segment, and for another role than the entries before it."""
    account = problem.accounts[row]
    entity = ("account", account.id)
    held = [roles[0] if entry.role is None else entry.role for entry in account.current]
    for place, role in enumerate(held):
        if role not in roles:
            at = pointer(references.at, ["accounts", row, "current", place, "role"])
            hint = "Its roles are " + ", ".join(roles) + "."
            references.report.add(
                "role_not_in_segment", at, value=role, entity=entity, suggestion=hint, segment=account.segment
            )
    if len(held) > 1:
        _report_repeated_roles(references, held, ["accounts", row, "current"], entity)


def _check_fit(
    references: References, problem: Problem, reps: set[str], accounts: set[str], segments: Mapping[str, Segment]
) -> None:
    report, at = references.report, references.at
    industries = {account.industry for account in problem.accounts}
    seen: set[tuple[str, str | None, str | None, str | None]] = set()
    for row, entry in enumerate(problem.fit):
        entity, place = ("fit", None), pointer(at, ["fit", row])
        references.known("unknown_rep", entry.rep_id, reps, ["fit", row, "rep_id"], entity)
        references.known("unknown_account", entry.account_id, accounts, ["fit", row, "account_id"], entity)
        references.known("unknown_segment", entry.segment, segments.keys(), ["fit", row, "segment"], entity)
        if entry.industry is not None and entry.industry not in industries:
            report.add("fit_without_accounts", pointer(at, ["fit", row, "industry"]), value=entry.industry)
        targets = (entry.account_id, entry.segment, entry.industry)
        given = sum(target is not None for target in targets)
        if given != 1:
            report.add("fit_needs_one_target", place, value=given)
        if (entry.rep_id, *targets) in seen:
            report.add("duplicate_fit", place)
        seen.add((entry.rep_id, *targets))


def _check_pairs(references: References, problem: Problem, segments: Mapping[str, Segment]) -> None:
    report, at = references.report, references.at
    role_of = {rep.id: rep.role for rep in problem.reps}
    roles = {name: {need.role for need in segment.roles} for name, segment in segments.items()}
    needs = {account.id: roles.get(account.segment) for account in problem.accounts} if problem.pairs else {}
    seen: set[tuple[str, str]] = set()
    for row, pair in enumerate(problem.pairs):
        known = pair.account_id in needs and pair.rep_id in role_of
        if not known:
            references.known(
                "unknown_account", pair.account_id, needs.keys(), ["pairs", row, "account_id"], ("pair", None)
            )
            references.known("unknown_rep", pair.rep_id, role_of.keys(), ["pairs", row, "rep_id"], ("pair", None))
        elif (roles_needed := needs[pair.account_id]) is not None and role_of[pair.rep_id] not in roles_needed:
            place = pointer(at, ["pairs", row, "rep_id"])
            report.add("pair_without_seat", place, value=role_of[pair.rep_id], entity=("account", pair.account_id))
        key = (pair.account_id, pair.rep_id)
        if key in seen:
            report.add("duplicate_pair", pointer(at, ["pairs", row]), entity=("pair", f"{key[0]} > {key[1]}"))
        seen.add(key)


def _check_horizon(references: References, problem: Problem) -> None:
    """A horizon that nobody gave is worth a word once dates depend on it."""
    given = "horizon" in problem.model_fields_set and "start" in problem.horizon.model_fields_set
    dated = any(rep.start_date or rep.end_date or rep.status != "active" for rep in problem.reps)
    if dated and not given:
        place = pointer(references.at, ["horizon", "start"])
        references.report.add("horizon_assumed", place, value=str(problem.horizon.start))
