"""Experiments without a service: cells are solved one after the other, in this process."""

from __future__ import annotations

import json
from typing import Any

from coverplan.domain.book import Book
from coverplan.payload.columns import to_instance
from coverplan.payload.experiments.answer import results_of
from coverplan.payload.experiments.cells import Cell, CellOutcome
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.wanted import wanted
from coverplan.payload.issues import IssueReport
from coverplan.payload.outcome import plan_of, solve_book
from coverplan.studies.perturbation import perturbed

Document = dict[str, Any]


def request_of(document: Document) -> ExperimentRequest:
    """The document as a request."""
    return ExperimentRequest.model_validate_json(json.dumps(document))


def run_experiment(document: Document) -> ExperimentResults:
    """Solve what is wanted until nothing new is, then sum up."""
    request = request_of(document)
    policies = check_experiment(request)
    books = [Book.of(to_instance(one.problem)) for one in request.problems if one.problem is not None]
    outcomes: dict[str, CellOutcome] = {}
    while True:
        facts = {key: outcome.facts for key, outcome in outcomes.items()}
        new = [cell for cell in wanted(request, policies, facts) if cell.key not in outcomes]
        if not new:
            return results_of(request, policies, books, list(outcomes.values()))
        outcomes |= {cell.key: solved(cell, books[cell.problem]) for cell in new}


def solved(cell: Cell, book: Book) -> CellOutcome:
    """What a cell comes to."""
    if cell.perturbation is not None:
        book = Book.of(perturbed(book.instance, cell.perturbation))
    seconds: dict[str, float] = {}
    outcome = solve_book(book, cell.policy, cell.options, seconds)
    plan = plan_of(cell.policy, cell.options, outcome, IssueReport(), seconds)
    return CellOutcome(cell.key, f"run-{cell.key[:8]}", plan, seconds=sum(seconds.values()))
