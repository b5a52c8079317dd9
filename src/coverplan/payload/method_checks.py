"""Whether the method can do what the policy asks: some rules are for the exact method only."""

from __future__ import annotations

from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy

EXACT_UP_TO = 100_000
"""Pairs beyond which the exact method finds no plan in a usual time limit."""


def check_method(
    report: IssueReport,
    policy: Policy,
    pairs: int,
    options: Options | None = None,
    at_policy: str = "/policy",
    at_options: str = "/options",
) -> None:
    """Refuse a rule for the exact method only where the size, or the caller, asks for the priced method."""
    for row, rule in enumerate(policy.rules()):
        if not rule.exact_only:
            continue
        if options is not None and options.method == "priced":
            report.add(
                "exact_method_only", pointer(at_options, ["method"]), value=options.method, rule=rule.id, kind=rule.kind
            )
        if pairs > EXACT_UP_TO:
            report.add(
                "too_large_for_rule",
                pointer(at_policy, ["constraints", row]),
                value=pairs,
                entity=("constraint", rule.id),
                kind=rule.kind,
                limit=f"{EXACT_UP_TO:,}",
            )
