"""What the script of an experiment's report draws."""

from __future__ import annotations

from typing import Any

from coverplan.payload.experiments.findings import Frontier
from coverplan.payload.experiments.results import ExperimentResults, Metric, PolicyResult
from coverplan.payload.experiments.verdicts import Difference
from coverplan.payload.plan import Progress
from coverplan.report.experiment.findings import MAXIMISED, axis_words, levels
from coverplan.report.experiment.metrics import shown_metrics
from coverplan.report.experiment.units import Units, title
from coverplan.wording.words import count

MOST_TRACES = 400
"""Solves whose progress is drawn."""
LEAST_STEPS = 2

Bar = list[float | None] | None


def charts_data(results: ExperimentResults, units: Units) -> dict[str, Any]:
    """Plain numbers and names; parts that say nothing are empty."""
    metrics = shown_metrics(results)
    return {
        "currency": units.currency,
        "policies": [one.policy_id for one in results.policies],
        "without": [_without(results, one) for one in results.policies],
        "baseline": results.baseline,
        "winner": results.verdict.winner,
        "intervals": [[one.low, one.high] for one in results.verdict.intervals],
        "metrics": [
            {"name": title(one.name), "unit": one.unit, "label": units.label(one.unit), "direction": one.direction}
            for one in metrics
        ],
        "bars": _bars(results, metrics),
        "frontiers": [_frontier(one) for one in results.frontiers if one.points],
        "churn": None if results.churn is None else _churn(results),
        "prices": [
            {
                "problem": one.problem_id,
                "rules": " and ".join(one.dropped),
                "low": one.price_low,
                "high": one.price_high,
            }
            for one in results.rule_prices
            if one.price_low is not None or one.price_high is not None
        ],
        "persistence": [
            {"problem": one.problem_id, "policy": one.policy_id, "seats": one.persistence.histogram}
            for one in results.stability
            if one.persistence is not None and one.persistence.histogram
        ],
        "progress": _progress(results),
    }


def _without(results: ExperimentResults, policy: PolicyResult) -> str:
    """What is said beside a policy that has no plan on some problem."""
    covered = results.covered(policy.policy_id)
    if covered == results.problems:
        return ""
    reason = "infeasible" if policy.infeasible else "no plan"
    return f"{reason} on {results.problems - covered:,} of {count(results.problems, 'problem')}"


def _bars(results: ExperimentResults, metrics: list[Metric]) -> dict[str, list[list[Bar]]]:
    """By what they are held against: per metric and policy, a value or a difference with its interval."""
    bars = {
        "value": [[_value(one.metrics.get(metric.name)) for one in results.policies] for metric in metrics],
        "baseline": [[_bar(one.against_baseline.get(metric.name)) for one in results.policies] for metric in metrics],
        "today": [[_bar(one.against_today.get(metric.name)) for one in results.policies] for metric in metrics],
    }
    return {name: table for name, table in bars.items() if any(bar for row in table for bar in row)}


def _value(value: float | None) -> Bar:
    return None if value is None else [value, None, None]


def _bar(found: Difference | None) -> Bar:
    return None if found is None else [found.difference, found.low, found.high]


def _frontier(one: Frontier) -> dict[str, Any]:
    return {
        "problem": one.problem_id,
        "value": MAXIMISED[one.request.maximise],
        "axes": [axis_words(axis) for axis in one.request.bounds],
        "levels": levels(one.points),
        "points": [[point.bounds, point.objective, point.dual_bound, point.status, point.knee] for point in one.points],
    }


def _churn(results: ExperimentResults) -> dict[str, Any] | None:
    """The matrices, unless no two plans can be compared."""
    churn = results.churn
    if churn is None or not churn.pairs:
        return None
    return {"policies": churn.policies, "accounts": churn.accounts, "revenue": churn.revenue}


def _progress(results: ExperimentResults) -> list[dict[str, Any]]:
    """Gap over time of the solves that took long enough to have one."""
    known = [(row, steps) for row in results.rows if len(steps := _steps(row.progress)) >= LEAST_STEPS]
    return [
        {"problem": row.problem_id, "policy": row.policy_id, "seed": row.seed, "steps": steps} for row, steps in known
    ][:MOST_TRACES]


def _steps(progress: list[Progress]) -> list[list[float]]:
    return [[round(step.t, 4), step.gap] for step in progress if step.gap is not None]
