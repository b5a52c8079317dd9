"""The metrics of each policy: by themselves, against the baseline, against today; and the acceptance rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from coverplan.payload.experiments.results import ExperimentResults, Metric, PolicyResult
from coverplan.payload.experiments.verdicts import Difference
from coverplan.report.experiment.units import NOTHING, Units, title

ARROWS = {"higher": "\u2191", "lower": "\u2193", "none": ""}
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
    metrics, most = shown_metrics(results), max((one.plans for one in results.policies), default=0)
    best = {one.name: _best(one, results, most) for one in metrics}

    def plain(policy: PolicyResult) -> list[Cell]:
        return [
            _plain(policy.metrics.get(one.name), one, units, best[one.name], policy.plans == most) for one in metrics
        ]

    def against(of: Callable[[PolicyResult], dict[str, Difference]]) -> list[Line]:
        lines = [
            Line(one.policy_id, [_change(of(one).get(metric.name), metric, units) for metric in metrics])
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
        incomplete=sum(one.plans < most for one in results.policies),
    )


def _column(metric: Metric, units: Units) -> Column:
    unit, arrow = units.label(metric.unit), ARROWS[metric.direction]
    return Column(metric.name, title(metric.name), unit, arrow, metric.direction, metric.description)


def _best(metric: Metric, results: ExperimentResults, most: int) -> float | None:
    """The best of the policies that have every plan; None where all are alike, or no direction is better."""
    values = [
        value for one in results.policies if one.plans == most and (value := one.metrics.get(metric.name)) is not None
    ]
    if metric.direction == "none" or len(values) < 2 or _close(min(values), max(values)):
        return None
    return max(values) if metric.direction == "higher" else min(values)


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _plain(value: float | None, metric: Metric, units: Units, best: float | None, complete: bool) -> Cell:
    marked = best is not None and value is not None and complete and _close(value, best)
    return Cell(units.value(value, metric.unit), LOWEST if value is None else value, best=marked)


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
    if policy.infeasible:
        tags.append(("no plan keeps its rules", "bad"))
    elif policy.plans < len([row for row in results.rows if row.policy_id == policy.policy_id]):
        tags.append((f"{policy.plans:,} plans", "fair") if policy.plans else ("no plan", "bad"))
    if policy.accepted:
        accepted = policy.policy_id in results.accepted
        tags.append(("accepted", "good") if accepted else ("not accepted", "bad"))
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
    problems = len({row.problem_id for row in results.rows})
    few = [(f"{len(results.today):,} of {problems:,} problems", "fair")] if len(results.today) < problems else []
    return Line("today's assignment", cells, few)
