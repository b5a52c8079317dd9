"""What a run request says of itself."""

from __future__ import annotations

from coverplan.payload.checks import check_references
from coverplan.payload.issues import IssueReport
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import check_alone
from coverplan.payload.runs import RunRequest


def check_run(request: RunRequest) -> IssueReport:
    """Every error that shows without looking anything up."""
    report = IssueReport()
    if request.problem is None and request.dataset_id is None:
        report.add("missing_field", "/problem", field="problem", suggestion="Send a problem, or a dataset_id.")
    for one, other in (("problem", "dataset_id"), ("policy", "policy_ref"), ("start_plan", "start_run_id")):
        if getattr(request, one) is not None and getattr(request, other) is not None:
            report.add("invalid_value", f"/{other}", reason=f"{one} and {other} exclude each other.")
    if request.dataset_id is not None and request.start_plan is not None:
        reason = "A run of a dataset starts from an earlier run of it: name that in start_run_id."
        report.add("invalid_value", "/start_plan", reason=reason)
    if request.problem is not None and request.policy_ref is None:
        report.extend(check_references(request.problem, request.policy or Policy()))
    elif request.policy is not None:
        check_alone(report, request.policy, "/policy")
    return report
