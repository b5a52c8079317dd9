"""What an experiment found: a pure function of its request, its books and its plans."""

from __future__ import annotations

from collections.abc import Sequence

from coverplan.domain.book import Book
from coverplan.payload.experiments.cells import CellOutcome, NamedPolicy
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults


def results_of(
    request: ExperimentRequest,
    policies: Sequence[NamedPolicy],
    books: Sequence[Book],
    outcomes: Sequence[CellOutcome],
    experiment_id: str | None = None,
) -> ExperimentResults:
    """Sum up the cells that have ended; `books` holds that of each problem, in order."""
    raise NotImplementedError


def rows_of(results: ExperimentResults) -> list[dict[str, str | int | float | None]]:
    """A flat table: one row per problem, policy and seed, one column per metric."""
    raise NotImplementedError
