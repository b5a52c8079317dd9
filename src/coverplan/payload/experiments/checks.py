"""Everything that is wrong with an experiment, found before it starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from coverplan.payload.experiments.cells import NamedPolicy, StoredPolicies
from coverplan.payload.experiments.design import Design
from coverplan.payload.experiments.expansion import Expanded, expand, extend_once
from coverplan.payload.experiments.parts import FrontierAxis
from coverplan.payload.experiments.patches import place_of
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.wanted import most_cells
from coverplan.payload.issues import Issue, IssueReport, pointer
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known, check_alone, check_policy
from coverplan.payload.problem_checks import check_problem
from coverplan.payload.translation import closest
from coverplan.studies.acceptance import RuleError, parse
from coverplan.studies.metrics import METRICS

MAX_CELLS = 10_000


def policies_of(request: ExperimentRequest, stored: StoredPolicies | None = None) -> list[NamedPolicy]:
    """The policies of an experiment, in order: those one by one, then the grid.

    `stored` holds the stored policies that the request names. The problems are not looked into: `check_experiment`
    does that, once.

    Raises:
        PayloadError: all that is wrong with the request and its policies, with pointers into the request.
    """
    report = IssueReport()
    expanded = _expanded(report, request, stored)
    _check_alone(report, expanded)
    report.raise_errors()
    return [one.named for one in expanded]


def check_experiment(
    request: ExperimentRequest, stored: StoredPolicies | None = None, known: Mapping[str, Known] | None = None
) -> list[NamedPolicy]:
    """The policies, after checking each problem, and each policy on each problem.

    `known` says what datasets hold, by the id of the problem; a dataset that is not there is not checked.

    Raises:
        PayloadError: all that is wrong, with pointers into the request.
    """
    report = IssueReport()
    expanded = _expanded(report, request, stored)
    holds = dict(known or {})
    for place, (name, one) in enumerate(zip(request.problem_ids, request.problems, strict=True)):
        if one.problem is not None:
            check_problem(report, one.problem, f"/problems/{place}/problem")
            holds[name] = Known.of(one.problem)
    seen: set[tuple[str, str, str]] = set()
    for name, names in holds.items():
        where = f" (On problem {name}.)" if len(request.problems) > 1 else ""
        for policy in expanded:
            found = IssueReport()
            check_policy(found, names, policy.named.policy, "")
            _translate(report, found, policy, seen, where)
        if request.reference is not None:
            found = IssueReport()
            check_policy(found, names, Policy(constraints=list(request.reference.constraints)), "/reference")
            extend_once(report, found)
    if not holds:
        _check_alone(report, expanded)
    report.raise_errors()
    return [one.named for one in expanded]


def _check_alone(report: IssueReport, expanded: Sequence[Expanded]) -> None:
    """What is wrong with policies whatever the problem."""
    seen: set[tuple[str, str, str]] = set()
    for policy in expanded:
        found = IssueReport()
        check_alone(found, policy.named.policy, "")
        _translate(report, found, policy, seen)


def _expanded(report: IssueReport, request: ExperimentRequest, stored: StoredPolicies | None) -> list[Expanded]:
    """The policies, and the issues of the request itself."""
    expanded = expand(report, request, stored or {})
    _check_problems(report, request)
    _check_lists(report, request)
    _check_bounds(report, request)
    if not report.total_errors:
        _check_ids(report, request, [one.named.id for one in expanded])
    if not report.total_errors:
        named = [one.named for one in expanded]
        size = most_cells(request, len(named), len(Design(request, named).priced_policy.policy.rules()))
        if size > MAX_CELLS:
            report.add("experiment_too_large", "", value=size, things="solves", limit=f"{MAX_CELLS:,}")
    return expanded


def _check_problems(report: IssueReport, request: ExperimentRequest) -> None:
    seen: set[str] = set()
    for place, (name, one) in enumerate(zip(request.problem_ids, request.problems, strict=True)):
        at = f"/problems/{place}"
        if one.problem is None and one.dataset_id is None:
            report.add("missing_field", at, field="problem", suggestion="Send a problem, or a dataset_id.")
        if one.problem is not None and one.dataset_id is not None:
            report.add("invalid_value", f"{at}/dataset_id", reason="problem and dataset_id exclude each other.")
        if name in seen:
            report.add("duplicate_id", f"{at}/id", value=name, kind="problem")
        seen.add(name)


def _check_lists(report: IssueReport, request: ExperimentRequest) -> None:
    """Seeds, soft rules of the reference, and acceptance rules."""
    seeds = request.seeds or []
    for place, seed in enumerate(seeds):
        if seed in seeds[:place]:
            report.add("invalid_value", f"/seeds/{place}", value=seed, reason=f"The seed {seed} stands there twice.")
    for place, rule in enumerate(request.reference.constraints if request.reference is not None else []):
        if rule.penalty is None:
            at = f"/reference/constraints/{place}"
            report.add("hard_reference", at, value=rule.kind, entity=("constraint", rule.id))
    for place, text in enumerate(request.accept):
        try:
            parse(text, [metric.name for metric in METRICS], today=request.today)
        except RuleError as error:
            at = f"/accept/{place}"
            report.add("invalid_rule", at, value=text, reason=str(error), column=error.column, suggestion=error.way_out)


def _check_ids(report: IssueReport, request: ExperimentRequest, known: Sequence[str]) -> None:
    """Policies that the request names by their ids here."""
    for at, name in _named(request):
        if name is not None and name not in known:
            report.add("unknown_policy", at, value=name, suggestion=closest(name, tuple(known[:1000]), None))


def _named(request: ExperimentRequest) -> Iterator[tuple[str, str | None]]:
    yield "/baseline", request.baseline
    if request.frontier is not None:
        yield "/frontier/policy", request.frontier.policy
    if request.rule_prices is not None:
        yield "/rule_prices/policy", request.rule_prices.policy
    if request.stability is not None:
        for place, name in enumerate(request.stability.policies or []):
            yield f"/stability/policies/{place}", name


def _check_bounds(report: IssueReport, request: ExperimentRequest) -> None:
    """The axes of the frontier."""
    if request.frontier is None:
        return
    seen: set[tuple[str, str]] = set()
    for place, axis in enumerate(request.frontier.bounds):
        at = f"/frontier/bounds/{place}"
        key = _axis_key(axis)
        if key in seen:
            report.add("invalid_value", f"{at}/metric", value=axis.metric, reason="Both axes bound the same.")
        seen.add(key)
        if axis.start == axis.end:
            report.add("invalid_value", f"{at}/to", value=axis.end, reason="Both ends are the same.")
        for name, value in (("from", axis.start), ("to", axis.end)):
            if axis.metric != "balance" and value > 1:
                report.add("out_of_range", f"{at}/{name}", value=value, bound="at most 1")
    if len(request.frontier.bounds) == 2 and request.frontier.points < 4:
        report.add("out_of_range", "/frontier/points", value=request.frontier.points, bound="at least 4 for two axes")


def _axis_key(axis: FrontierAxis) -> tuple[str, str]:
    return axis.metric, axis.measure if axis.metric == "balance" else ""


def _translate(
    report: IssueReport, found: IssueReport, policy: Expanded, seen: set[tuple[str, str, str]], where: str = ""
) -> None:
    """Take over what is wrong with an expanded policy, at the places of the request, each once."""
    for issue in found.errors:
        at = _place(policy, issue)
        key = (issue.code, at, str(issue.value))
        if key in seen:
            continue
        seen.add(key)
        if report.wants("error"):
            report.errors.append(issue.model_copy(update={"pointer": at, "message": issue.message + where}))
        report.count(issue.code, 1)


def _place(expanded: Expanded, issue: Issue) -> str:
    """Where the request says what an issue is about: in a change, in the base, or in a stored policy."""
    draft = expanded.draft
    parts = [part.replace("~1", "/").replace("~0", "~") for part in issue.pointer.split("/")[1:]]
    below = tuple(int(part) if part.isdigit() else part for part in parts)
    row, rest = int(below[1]), below[2:]
    rule = expanded.named.policy.rules()[row].id
    found = place_of(expanded.applied, rule, rest) or place_of(expanded.applied, None, below)
    if found is not None:
        return found
    if not draft.inline:
        return f"{draft.at}/policy_ref"
    ids = [one.id for one in draft.base.rules()]
    if draft.base.constraints is None or rule not in ids:
        return draft.at
    return pointer(draft.at, ["policy", "constraints", ids.index(rule), *rest])
