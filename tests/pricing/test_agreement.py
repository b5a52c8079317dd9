"""The bound that the engine states is the one that the independent check recomputes, at any prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.pricing.bound import admissible, upper_bound
from coverplan.verify import Judge, bound
from coverplan.verify.blocks import Team, Tree, find_blocks
from support.drawing import policies
from support.formulations import formulation_of
from support.policies import rules
from support.rich import rich_policies, rich_problems
from support.sampling import examples
from support.tiny import account, problems

Document = dict[str, Any]
SIGNED = st.lists(st.floats(-2000, 2000), min_size=1, max_size=12)
TIES = policies(
    rules("same_team"), rules("family"), rules("family"), rules("capacity"), rules("keep_current"), rules("protect")
)


def agree(problem: Document, policy: Document, signed: list[float]) -> None:
    """Both bounds are the same, or there is no choice at all for some unit."""
    formulation = formulation_of(problem, policy)
    if formulation is None:
        return
    prices = admissible(formulation, np.resize(np.asarray(signed), formulation.n_rows))
    stated = [
        {"constraint": rule, "scope": scope, "upper": float(upper), "lower": float(lower)}
        for (rule, scope), upper, lower in zip(formulation.row_keys(), prices.upper, prices.lower, strict=True)
    ]

    assert bound(problem, policy, stated) == pytest.approx(upper_bound(formulation, prices), rel=1e-9, abs=1e-6)


@examples(150)
@given(rich_problems(most=6), rich_policies(), SIGNED)
def test_any_rules(problem: Document, policy: Document, signed: list[float]) -> None:
    """Rules of all kinds."""
    agree(problem, policy, signed)


@st.composite
def families(draw: st.DrawFn) -> Document:
    """Up to nine seats of accounts in trees, whose parents stand before them."""
    problem = draw(problems(most=9))
    for place in range(len(problem["accounts"]), 6):
        problem["accounts"].append(draw(account(place, problem["reps"], two_roles=False)))
    for place, found in enumerate(problem["accounts"]):
        above = draw(st.integers(0, place))
        found["parent_id"] = None if above == place else f"a{above}"
    return problem


@examples(200)
@given(families(), TIES, SIGNED)
def test_rules_that_tie_seats(problem: Document, policy: Document, signed: list[float]) -> None:
    """Teams, merged and soft families, and where they meet."""
    agree(problem, policy, signed)


def test_the_drawn_problems_have_teams_and_trees_of_several_units() -> None:
    """What the test above compares is not empty: blocks of each sort were drawn, trees of three units or more too."""
    seen: set[tuple[type, int]] = set()

    @examples(200)
    @given(families(), TIES)
    def look(problem: Document, policy: Document) -> None:
        seen.update((type(block), min(3, len(block.units))) for block in find_blocks(Judge(problem, policy).case))

    look()

    assert seen >= {(Team, 2), (Tree, 2), (Tree, 3)}
