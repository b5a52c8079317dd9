"""From two documents to the formulation that a solve would use."""

from __future__ import annotations

from typing import Any

from coverplan.domain.book import Book
from coverplan.formulation.build import Formulation
from coverplan.payload.answer import request_of
from coverplan.payload.checks import check
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.runs.run import formulate
from support.brute import documents

Document = dict[str, Any]


def formulation_of(problem: Document, policy: Document) -> Formulation | None:
    """The formulation; None where the documents are refused."""
    facts, wishes = documents(problem, policy)
    if check(facts, wishes).total_errors:
        return None
    return formulate(request_of(Book.of(to_instance(facts)), wishes, Options(), None))
