"""The comparison of an experiment's plans: files in, the results document out."""

from __future__ import annotations

from pathlib import Path

from coverplan.domain.book import Book
from coverplan.domain.instance import Ints
from coverplan.payload.columns import to_instance
from coverplan.payload.experiments.answer import results_of
from coverplan.payload.experiments.cells import CellOutcome
from coverplan.payload.experiments.stored import ResultsRequest, StoredOutcome
from coverplan.payload.issues import IssueReport
from coverplan.payload.plan import Plan
from coverplan.payload.problem import Problem
from coverplan.tables.bulk.plans import assigned_seats
from coverplan.tables.bulk.read import read_book
from coverplan.tables.bulk.seats import seat_reps


def compared(request: ResultsRequest) -> bytes:
    """The results of an experiment, as far as its cells have ended."""
    stored = request.stored
    books = [_book(Path(one)) for one in request.problems]
    outcomes = [_outcome(one, books[one.problem]) for one in request.outcomes]
    results = results_of(stored.request, stored.named, books, outcomes, request.experiment_id)
    return results.model_dump_json(by_alias=True).encode()


def _book(place: Path) -> Book:
    """The book of a problem's file, or of a folder of tables."""
    if place.is_dir():
        return Book.of(read_book(place).instance)
    return Book.of(to_instance(Problem.model_validate_json(place.read_bytes())))


def _outcome(one: StoredOutcome, book: Book) -> CellOutcome:
    plan = None if one.plan is None else Plan.model_validate_json(Path(one.plan).read_bytes())
    return CellOutcome(one.key, one.run_id, plan, _seats(one, book), one.seconds, one.error)


def _seats(one: StoredOutcome, book: Book) -> Ints | None:
    """The seats of a plan that does not list them itself."""
    return None if one.table is None else seat_reps(book, assigned_seats(Path(one.table)), IssueReport(), "")[0]
