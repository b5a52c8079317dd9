"""The solves of an experiment: all plans that are compared, and solves that have no plan, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coverplan.payload.experiments.results import ExperimentResults, ResultRow
from coverplan.payload.experiments.state import ExperimentCell
from coverplan.report.experiment.units import NOTHING, Units
from coverplan.wording.words import percent_at_most, words

SHOWN_PLANS, SHOWN_MISSING = 500, 200
KINDS = {
    "policy": "policy",
    "reference": "bound by the reference",
    "frontier": "point of the frontier",
    "rule": "price of a rule",
    "stability": "perturbed problem",
}
UNENDED = {
    "queued": "not yet solved",
    "running": "being solved",
    "cancelled": "stopped before it ended",
    "failed": "the solve failed",
}
WITHOUT_PLAN = {
    "infeasible": "proven: no plan keeps the hard rules",
    "no_solution_found": "no plan was found within the limit; there may be one",
}


@dataclass(frozen=True)
class PlanLine:
    """One policy on one problem with one seed."""

    row: ResultRow
    status: str
    objective: str
    bound: str
    gap: str
    seconds: float | None


@dataclass(frozen=True)
class MissingLine:
    """One solve without a plan."""

    cell: ExperimentCell
    what: str
    labels: str
    reason: str
    failed: bool


@dataclass(frozen=True)
class SolvesView:
    """The first plans, the first solves without one, and how many more there are."""

    plans: list[PlanLine]
    more_plans: int
    missing: list[MissingLine]
    more_missing: int


def solves_view(results: ExperimentResults, units: Units) -> SolvesView:
    """Failed solves first, then those that wait, then those that are proven to have no plan."""
    missing = [one for one in results.cells if one.solution_status not in {"optimal", "feasible"}]
    missing.sort(key=lambda one: (one.job_status != "failed", one.solution_status == "infeasible"))
    return SolvesView(
        plans=[_plan(row, units) for row in results.rows[:SHOWN_PLANS]],
        more_plans=max(0, len(results.rows) - SHOWN_PLANS),
        missing=[_missing(one) for one in missing[:SHOWN_MISSING]],
        more_missing=max(0, len(missing) - SHOWN_MISSING),
    )


def _plan(row: ResultRow, units: Units) -> PlanLine:
    gap = row.metrics.get("gap")
    return PlanLine(
        row=row,
        status=NOTHING if row.solution_status is None else words(row.solution_status),
        objective=units.amount(row.reference.objective),
        bound=units.at_most(row.reference.bound),
        gap=NOTHING if gap is None else percent_at_most(gap),
        seconds=row.metrics.get("seconds"),
    )


def _missing(cell: ExperimentCell) -> MissingLine:
    what = ", ".join(KINDS[kind] for kind in dict.fromkeys(cell.kinds))
    labels = ", ".join(dict.fromkeys(cell.labels))
    return MissingLine(cell, what, labels, _reason(cell), cell.job_status == "failed")


def _reason(cell: ExperimentCell) -> str:
    if cell.error is not None:
        return f"{words(cell.error.code)}: {cell.error.message}"
    if cell.job_status != "completed":
        return UNENDED[cell.job_status]
    return WITHOUT_PLAN.get(cell.solution_status or "", "no answer")


def kinds(cells: Sequence[ExperimentCell]) -> list[tuple[str, int]]:
    """Solves by what they are first for."""
    found = dict.fromkeys(KINDS, 0)
    for cell in cells:
        found[cell.kinds[0]] += 1
    return [(KINDS[kind], size) for kind, size in found.items() if size]
