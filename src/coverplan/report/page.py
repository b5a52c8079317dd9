"""The page: all sections into one self-contained HTML file."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from coverplan.payload.issues import Issue
from coverplan.payload.plan import Plan, Progress
from coverplan.report.books import books_data, books_view
from coverplan.report.certificate import certificate_view
from coverplan.report.facts import Facts
from coverplan.report.headline import headline, provenance
from coverplan.report.ledger import ledger_view
from coverplan.report.moves import moves_view, uncovered_view
from coverplan.report.places import map_data
from coverplan.report.rules import rules_view
from coverplan.report.shell import page_of

STEPS = 400
"""Most points of the gap over time."""
VISIBLE = 1e-6
"""Smaller gaps have no place on the chart."""
MESSAGES = 5


def render(plan: dict[str, Any], problem: dict[str, Any], policy: dict[str, Any]) -> str:
    """The report of a plan: one HTML file that loads nothing from anywhere.

    An infeasible plan shows its least violating assignment, as what it is.
    """
    facts = Facts.of(problem, policy)
    answer = _read(plan)
    shown = answer if answer.objective is not None else answer.least_violating
    rules = None if shown is None else rules_view(shown, facts)
    missed_hard = 0 if rules is None else rules.missed_hard
    complete = answer.objective is not None
    data = _data(answer, facts)
    return page_of(
        "report",
        data,
        draws=bool(data["books"] or data["map"] or data["progress"]),
        facts=facts,
        plan=answer,
        headline=headline(answer, missed_hard, facts),
        books=books_view(answer, facts) if complete else None,
        moved=moves_view(answer, facts, forced=False) if complete else None,
        forced=moves_view(answer, facts, forced=True) if complete else None,
        uncovered=uncovered_view(answer, facts) if complete else None,
        ledger=None if answer.objective is None else ledger_view(answer.objective, facts),
        rules=rules,
        certificate=certificate_view(answer, facts),
        warnings=_warnings(answer, facts),
        provenance=provenance(answer, facts),
    )


def _read(plan: dict[str, Any]) -> Plan:
    return Plan.model_validate_json(json.dumps(plan))


def _data(plan: Plan, facts: Facts) -> dict[str, Any]:
    """What the script draws."""
    complete = plan.objective is not None
    return {
        "currency": facts.currency,
        "books": books_data(plan, facts) if complete else [],
        "map": map_data(plan, facts) if complete else None,
        "reps": [facts.rep_name(rep.id) for rep in facts.problem.reps],
        "progress": _steps(plan.metrics.progress),
    }


def _steps(progress: list[Progress]) -> list[list[float | str | None]]:
    """Time, objective, bound, gap and phase where there is an objective or a bound; thinned, the last one kept."""
    known = [step for step in progress if step.objective_value is not None or step.dual_bound is not None]
    stride = -(-len(known) // STEPS) if known else 1
    kept = [step for place, step in enumerate(known) if place % stride == 0 or place == len(known) - 1]
    gaps = [step.gap for step in kept if step.gap is not None]
    if len(gaps) < 2 or max(gaps) <= VISIBLE:
        return []
    return [[round(step.t, 4), step.objective_value, step.dual_bound, step.gap, step.phase] for step in kept]


def _warnings(plan: Plan, facts: Facts) -> list[tuple[str, int, list[str]]]:
    """Warnings by code: the code, how many, and the first messages."""
    ordered = sorted(plan.issues, key=lambda issue: issue.code)
    groups = [(code, list(members)) for code, members in groupby(ordered, key=lambda issue: issue.code)]
    return [(code, len(members), [_message(issue, facts) for issue in members[:MESSAGES]]) for code, members in groups]


def _message(issue: Issue, facts: Facts) -> str:
    """The message, after the account or rep that it is about unless it says so."""
    about = None if issue.entity is None else issue.entity.id
    if about is None or about in issue.message:
        return issue.message
    name = (facts.rep_names if issue.entity and issue.entity.type == "rep" else facts.account_names).get(about, about)
    return f"{name if name == about else f'{name} ({about})'}: {issue.message}"
