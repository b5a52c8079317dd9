"""Cross-checks of given assignments: what they name exists, and no seat is filled twice."""

from __future__ import annotations

from collections.abc import Sequence

from coverplan.payload.columns import with_default
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.plan import AssignmentIn
from coverplan.payload.problem import Problem
from coverplan.payload.references import References


def check_assignments(report: IssueReport, problem: Problem, assignments: Sequence[AssignmentIn], at: str) -> None:
    """Accounts, reps and roles of the assignments; needs no sound problem."""
    references, reps = References(report, at), {rep.id for rep in problem.reps}
    segments = {segment.id: segment for segment in reversed(with_default(problem.segments))}
    segment_of = {account.id: segments.get(account.segment) for account in problem.accounts}
    filled: set[tuple[str, str]] = set()
    for place, given in enumerate(assignments):
        entity = ("assignment", None)
        references.known("unknown_account", given.account_id, segment_of.keys(), [place, "account_id"], entity)
        references.known("unknown_rep", given.rep_id, reps, [place, "rep_id"], entity)
        segment = segment_of.get(given.account_id)
        if segment is None:
            continue
        roles = [need.role for need in segment.roles]
        role = roles[0] if given.role is None else given.role
        if role not in roles:
            hint = "Its roles are " + ", ".join(roles) + "."
            path = pointer(at, [place, "role"])
            report.add("role_not_in_segment", path, value=role, entity=entity, suggestion=hint, segment=segment.id)
        elif (given.account_id, role) in filled:
            report.add("duplicate_assignment", pointer(at, [place]), value=given.account_id, entity=entity)
        filled.add((given.account_id, role))
