"""The page of an experiment: all sections into one self-contained HTML file."""

from __future__ import annotations

from coverplan.payload.experiments.results import ExperimentResults
from coverplan.report.experiment.charts import MOST_TRACES, charts_data
from coverplan.report.experiment.findings import churn_view, frontier_view, price_lines
from coverplan.report.experiment.headline import compared, headline, infeasible_on, unfinished
from coverplan.report.experiment.metrics import metrics_view
from coverplan.report.experiment.solves import kinds, solves_view
from coverplan.report.experiment.stability import stability_view
from coverplan.report.experiment.units import Units
from coverplan.report.experiment.verdict import verdict_view
from coverplan.report.shell import page_of


def experiment_page(results: ExperimentResults) -> str:
    """The report of an experiment: one HTML file that loads nothing from anywhere.

    Sections without content are left out; partial results say what is missing.
    """
    units = Units(results.currency)
    return page_of(
        "experiment",
        charts_data(results, units),
        draws=bool(results.policies),
        results=results,
        most_traces=MOST_TRACES,
        headline=headline(results, units),
        compared=compared(results),
        unfinished=unfinished(results),
        verdict=verdict_view(results, units),
        metrics=metrics_view(results, units),
        frontiers=[frontier_view(one, units) for one in results.frontiers if one.points],
        churn=churn_view(results.churn, results.problems, units),
        prices=price_lines(results.rule_prices, units),
        stability=stability_view(results.stability, infeasible_on(results), units),
        solves=solves_view(results, units),
        provenance=_provenance(results),
    )


def _provenance(results: ExperimentResults) -> list[tuple[str, str]]:
    """What identifies the experiment."""
    entries = [
        ("Experiment", results.experiment_id or ""),
        ("Name", results.name or ""),
        ("Results", results.status),
        ("Baseline", results.baseline),
        ("Solves", ", ".join(f"{what} {size:,}" for what, size in kinds(results.cells))),
    ]
    return [(name, value) for name, value in entries if value]
