"""The metrics of each policy: by themselves, against the baseline, against today; and the acceptance rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from coverplan.payload.experiments.results import ExperimentResults, Metric, PolicyResult
from coverplan.payload.experiments.verdicts import Difference
from coverplan.report.experiment.units import NOTHING, Units, title
from coverplan.wording.words import count, listing

ARROWS = {"higher": "\u2191", "lower": "\u2193", "none": ""}
PARTIAL = "*"
"""Beside means that leave problems out."""
SHOWN_JUDGED = 1000
LOWEST = -1e308
"""Where values that do not exist are sorted."""


@dataclass(frozen=True)
class Column:
    """One metric."""

    name: str
    label: str
    unit: str
    arrow: str
    direction: str
    description: str


@dataclass(frozen=True)
class Cell:
    """One value, with its interval below where there is one; `certain`: the interval leaves 0 out."""

    text: str
    sort: float
    note: str = ""
    best: bool = False
    certain: bool = False


@dataclass(frozen=True)
class Line:
    """One policy; `tags` say what is special about it."""

    policy: str
    cells: list[Cell]
    tags: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Judged:
    """One acceptance rule on one policy."""

    policy: str
    rule: str
    passed: bool
    why: str


@dataclass(frozen=True)
class MetricsView:
    """The tables; those without a line are left out."""

    columns: list[Column]
    plain: list[Line]
    today: Line | None
    against_baseline: list[Line]
    against_today: list[Line]
    judged: list[Judged]
    more_judged: int
    incomplete: int


def shown_metrics(results: ExperimentResults) -> list[Metric]:
    """Metrics that at least one policy has a value of."""
    return [
        one for one in results.metrics if any(policy.metrics.get(one.name) is not None for policy in results.policies)
    ]


def metrics_view(results: ExperimentResults, units: Units) -> MetricsView:
    """The section of the metrics."""
    metrics = shown_metrics(results)
    whole = {one.policy_id for one in results.policies if results.covered(one.policy_id) == results.problems}
    best = {one.name: _best(one, results, whole) for one in metrics}

    def plain(policy: PolicyResult) -> list[Cell]:
        complete = policy.policy_id in whole
        return [_plain(policy.metrics.get(one.name), one, units, best[one.name], complete) for one in metrics]

    def against(of: Callable[[PolicyResult], dict[str, Difference]]) -> list[Line]:
        lines = [
            Line(
                one.policy_id,
                [_change(of(one).get(metric.name), metric, units) for metric in metrics],
                _over(of(one), one, results),
            )
            for one in results.policies
        ]
        return lines if any(of(one) for one in results.policies) else []

    others = len(results.policies) > 1
    judged = [
        Judged(one.policy_id, rule.rule, rule.passed, rule.why) for one in results.policies for rule in one.accepted
    ]
    return MetricsView(
        columns=[_column(one, units) for one in metrics],
        plain=[Line(one.policy_id, plain(one), _tags(one, results)) for one in results.policies],
        today=_today(results, metrics, units),
        against_baseline=against(lambda one: one.against_baseline) if others else [],
        against_today=against(lambda one: one.against_today),
        judged=judged[:SHOWN_JUDGED],
        more_judged=max(0, len(judged) - SHOWN_JUDGED),
        incomplete=len(results.policies) - len(whole),
    )


def _column(metric: Metric, units: Units) -> Column:
    unit, arrow = units.label(metric.unit), ARROWS[metric.direction]
    return Column(metric.name, title(metric.name), unit, arrow, metric.direction, metric.description)


def _best(metric: Metric, results: ExperimentResults, whole: set[str]) -> float | None:
    """The best of those with a plan on each problem; None where all are alike, or no direction is better."""
    values = [
        value
        for one in results.policies
        if one.policy_id in whole and (value := one.metrics.get(metric.name)) is not None
    ]
    if metric.direction == "none" or len(values) < 2 or _close(min(values), max(values)):
        return None
    return max(values) if metric.direction == "higher" else min(values)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _plain(value: float | None, metric: Metric, units: Units, best: float | None, complete: bool) -> Cell:
    if value is None:
        return Cell(NOTHING, LOWEST)
    text = units.value(value, metric.unit)
    return Cell(text if complete else text + PARTIAL, value, best=best is not None and complete and _close(value, best))


def _change(found: Difference | None, metric: Metric, units: Units) -> Cell:
    if found is None:
        return Cell(NOTHING, LOWEST)
    note, certain = "", False
    if found.low is not None and found.high is not None:
        note = f"{units.change(found.low, metric.unit)} to {units.change(found.high, metric.unit)}"
        certain = found.low > 0 or found.high < 0
    return Cell(units.change(found.difference, metric.unit), found.difference, note, certain=certain)


def _tags(policy: PolicyResult, results: ExperimentResults) -> list[tuple[str, str]]:
    """Words and their mood."""
    tags = [("baseline", "")] if policy.policy_id == results.baseline else []
    if policy.policy_id == results.verdict.winner:
        tags.append(("best by the reference", "good"))
    if policy.same_as is not None:
        tags.append((f"the same as {policy.same_as}", ""))
    tags += _missing(policy, results)
    if policy.accepted:
        accepted = policy.policy_id in results.accepted
        tags.append(("accepted", "good") if accepted else ("not accepted", "bad"))
    return tags


def _missing(policy: PolicyResult, results: ExperimentResults) -> list[tuple[str, str]]:
    """Where it has no plan, whether that is proven, and what its means are over."""
    if policy.infeasible:
        tags = [(f"no plan keeps its rules on {listing(policy.infeasible)}: infeasible", "bad")]
    elif policy.plans < len([row for row in results.rows if row.policy_id == policy.policy_id]):
        tags = [(count(policy.plans, "plan"), "fair") if policy.plans else ("no plan", "bad")]
    else:
        return []
    covered = results.covered(policy.policy_id)
    if 0 < covered < results.problems:
        tags.append((f"means over {covered:,} of {results.problems:,} problems", "fair"))
    return tags


def _over(
    differences: dict[str, Difference], policy: PolicyResult, results: ExperimentResults
) -> list[tuple[str, str]]:
    """What differences are over, where that is not every problem."""
    pairs = max((one.pairs for one in differences.values()), default=0)
    tags = [("infeasible", "bad")] if policy.infeasible else []
    if pairs < results.problems:
        tags.append((f"over {pairs:,} of {results.problems:,} problems" if pairs else "nothing to compare", "fair"))
    return tags


def _today(results: ExperimentResults, metrics: list[Metric], units: Units) -> Line | None:
    """Means of today's assignments."""
    if not results.today:
        return None
    cells = []
    for metric in metrics:
        values = [value for one in results.today if (value := one.metrics.get(metric.name)) is not None]
        mean = sum(values) / len(values) if values else None
        cells.append(Cell(units.value(mean, metric.unit), LOWEST if mean is None else mean))
    problems = results.problems
    few = [(f"{len(results.today):,} of {problems:,} problems", "fair")] if len(results.today) < problems else []
    return Line("today's assignment", cells, few)
