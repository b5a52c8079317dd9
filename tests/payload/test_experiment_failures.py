"""What the results of an experiment say of its solves."""

from coverplan.domain.book import Book
from coverplan.payload.columns import to_instance
from coverplan.payload.experiments.answer import results_of
from coverplan.payload.experiments.cells import CellOutcome
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.wanted import wanted
from coverplan.payload.runs import RunError
from support.experiments import request_of


def test_a_solve_that_failed_says_why() -> None:
    """Its error is that of its run; the results are partial."""
    request = request_of({"problems": [{"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}]})
    policies = check_experiment(request)
    assert request.problems[0].problem is not None
    books = [Book.of(to_instance(request.problems[0].problem))]
    key = wanted(request, policies, {})[0].key
    error = RunError(code="solver_lost", message="The process that worked on it was lost.")

    results = results_of(request, policies, books, [CellOutcome(key, "run-1", None, error=error)])

    assert results.status == "partial"
    assert results.cells[0].job_status == "failed"
    assert results.cells[0].error == error


def test_a_solve_that_waits_has_no_error() -> None:
    """Nothing has ended."""
    request = request_of({"problems": [{"problem": {"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}}]})
    assert request.problems[0].problem is not None
    books = [Book.of(to_instance(request.problems[0].problem))]

    results = results_of(request, check_experiment(request), books, [])

    assert results.cells[0].error is None
    assert results.cells[0].job_status == "queued"
