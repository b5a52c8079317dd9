"""Lists of names, and statuses: every name that a document may hold has its words."""

from __future__ import annotations

from typing import get_args

import pytest

from coverplan.mip.program import Status, StoppedBy
from coverplan.payload.change import Term
from coverplan.payload.plan import TowardsToday
from coverplan.wording.statuses import BADGES, CLOSENESS, STOPPED, TERMS, VERDICTS, verdict
from coverplan.wording.words import listing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (listing(["Ana"]), "Ana"),
        (listing(["Ana", "Bo", "Cy"]), "Ana, Bo and Cy"),
        (listing(["Ana", "Bo", "Cy"], 1), "Ana and 2 more"),
        (listing(["Ana", "Bo", "Cy"], 2), "Ana, Bo and 1 more"),
        (listing(["Ana", "Bo", "Cy"], 2, least_rest=2), "Ana, Bo and Cy"),
        (listing([]), ""),
    ],
)
def test_lists_name_a_few(text: str, expected: str) -> None:
    assert text == expected


def test_every_status_has_its_words() -> None:
    """As the engine and the documents know them."""
    statuses = {status.value for status in Status}

    assert set(BADGES) == statuses
    assert set(VERDICTS) == statuses - {"feasible"}
    assert set(STOPPED) == {reason.value for reason in StoppedBy}
    assert set(CLOSENESS) == set(get_args(TowardsToday.model_fields["scope"].annotation))
    assert set(TERMS) == set(get_args(Term.model_fields["term"].annotation))


def test_a_verdict_is_one_sentence() -> None:
    assert verdict("optimal") == "Optimal: no plan is worth more."
    assert verdict("no_solution_found") == "No plan was found within the limit; there may be one."
