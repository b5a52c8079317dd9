"""What an experiment found: a pure function of its request, its books and its plans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coverplan.domain.book import Book
from coverplan.mip.program import gap
from coverplan.payload.experiments.asking import MAX_CHURN, churn_of, frontiers, rule_prices
from coverplan.payload.experiments.cells import Cell, CellOutcome, NamedPolicy
from coverplan.payload.experiments.comparing import Comparison
from coverplan.payload.experiments.deciding import Decision
from coverplan.payload.experiments.design import Design
from coverplan.payload.experiments.plans import Plans
from coverplan.payload.experiments.reasons import survivors, why
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import (
    ExperimentResults,
    Metric,
    ResultRow,
    TodayRow,
)
from coverplan.payload.experiments.shaking import stability
from coverplan.payload.experiments.state import ExperimentCell
from coverplan.payload.experiments.verdicts import Verdict
from coverplan.payload.experiments.wanted import wanted
from coverplan.payload.plan import Progress
from coverplan.studies.metrics import METRICS

MAX_PROGRESS = 40
Cells = str | int | float | None


def results_of(
    request: ExperimentRequest,
    policies: Sequence[NamedPolicy],
    books: Sequence[Book],
    outcomes: Sequence[CellOutcome],
    experiment_id: str | None = None,
) -> ExperimentResults:
    """Sum up the cells that have ended; `books` holds that of each problem, in order."""
    design = Design(request, policies)
    plans = Plans(design, books, outcomes)
    today = _today(plans)
    comparison, decision = Comparison(plans, today), Decision(plans)
    compared = comparison.policies()
    cells = [_cell(plans, cell) for cell in wanted(request, policies, plans.facts)]
    return ExperimentResults(
        experiment_id=experiment_id,
        name=request.name,
        status="complete" if all(cell.solution_status is not None for cell in cells) else "partial",
        currency=_currency(plans),
        baseline=design.baseline.id,
        reference=design.reference,
        metrics=[
            Metric(
                name=one.name,
                unit=one.unit,
                direction=one.direction,
                description=one.description,
                tolerance=one.tolerance,
            )
            for one in METRICS
        ],
        rows=_rows(decision),
        today=list(today.values()),
        policies=compared,
        verdict=_verdict(decision),
        accepted=[
            one.policy_id
            for one in compared
            if one.plans == len(comparison.pairs) and all(rule.passed for rule in one.accepted)
        ],
        frontiers=frontiers(plans),
        churn=churn_of(plans),
        rule_prices=rule_prices(plans),
        stability=stability(plans),
        cells=cells,
        notes=_notes(plans),
    )


def rows_of(results: ExperimentResults) -> list[dict[str, Cells]]:
    """A flat table: one row per problem, policy and seed, one column per metric."""
    return [
        {
            "problem_id": row.problem_id,
            "policy_id": row.policy_id,
            "seed": row.seed,
            "run_id": row.run_id,
            "solution_status": row.solution_status,
            "reference_objective": row.reference.objective,
            "reference_bound": row.reference.bound,
            **{metric.name: row.metrics.get(metric.name) for metric in results.metrics},
        }
        for row in results.rows
    ]


def _today(plans: Plans) -> dict[int, TodayRow]:
    """Today's assignments by problem, where they are asked for and there is one."""
    if not plans.design.request.today:
        return {}
    found = {}
    for problem, name in enumerate(plans.design.request.problem_ids):
        measured = plans.today(problem)
        if measured is not None:
            found[problem] = TodayRow(problem_id=name, metrics=measured[0], reference_objective=measured[1])
    return found


def _verdict(decision: Decision) -> Verdict:
    best = decision.winner
    return Verdict(
        outcome="inconclusive" if best is None else "decided",
        winner=None if best is None else decision.ids[best],
        why=why(decision),
        intervals=decision.intervals(),
        by_pair=decision.by_pair(),
    )


def _rows(decision: Decision) -> list[ResultRow]:
    design, plans = decision.design, decision.plans
    rows = []
    for problem, problem_id in enumerate(design.request.problem_ids):
        for place, name in enumerate(decision.ids):
            for number, seed in enumerate(design.seeds):
                cell = design.policy_cell(problem, name, seed)
                facts = plans.facts.get(cell.key)
                rows.append(
                    ResultRow(
                        problem_id=problem_id,
                        policy_id=name,
                        seed=seed,
                        run_id=plans.run_id(cell),
                        solution_status=None if facts is None else facts.solution_status,
                        metrics=plans.values(cell),
                        reference=decision.reference(place, problem, number),
                        progress=_progress(plans, cell),
                    )
                )
    return rows


def _progress(plans: Plans, cell: Cell) -> list[Progress]:
    """Objective and bound over time, thinned out, the last one kept."""
    outcome = plans.outcomes.get(cell.key)
    trace = [] if outcome is None or outcome.plan is None else outcome.plan.metrics.progress
    if len(trace) <= MAX_PROGRESS:
        return list(trace)
    chosen = np.unique(np.linspace(0, len(trace) - 1, MAX_PROGRESS).round().astype(int))
    return [trace[place] for place in chosen.tolist()]


def _cell(plans: Plans, cell: Cell) -> ExperimentCell:
    facts = plans.facts.get(cell.key)
    objective, bound = (None, None) if facts is None else (facts.objective, facts.bound)
    return ExperimentCell(
        key=cell.key,
        kinds=list(cell.kinds),
        problem_id=plans.design.request.problem_ids[cell.problem],
        labels=list(cell.labels),
        seed=cell.options.seed,
        run_id=plans.run_id(cell),
        job_status="queued" if facts is None else facts.job_status,
        solution_status=None if facts is None else facts.solution_status,
        objective_value=objective,
        dual_bound=bound,
        gap=gap(objective, bound)[0],
        seconds=plans.seconds(cell),
        error=plans.error(cell),
    )


def _currency(plans: Plans) -> str | None:
    """That of all problems; None where there are several."""
    return next(iter(plans.currencies)) if len(plans.currencies) == 1 else None


def _notes(plans: Plans) -> list[str]:
    """What the numbers do not promise."""
    design, notes = plans.design, list[str]()
    if _currency(plans) is None:
        notes.append(
            "The problems have several currencies: amounts are neither added nor averaged over them, and a policy is "
            "best only where it is in each."
        )
    notes += survivors(plans)
    if len(design.policies) > MAX_CHURN:
        notes.append(f"Plans are not compared two by two: more than {MAX_CHURN} policies.")
    if design.request.today and not all((book.seats.current >= 0).any() for book in plans.books):
        notes.append("Problems without an assignment today are left out of the comparison with it.")
    if any(rule.penalty for rule in design.reference.constraints):
        rules = [rule for one in design.policies for rule in one.policy.rules()]
        several = len({one.policy.candidates.model_dump_json() for one in design.policies}) > 1
        if several or any(rule.merging for rule in rules):
            notes.append("Soft rules of the reference are measured among the reps that each policy's candidates admit.")
    return notes
