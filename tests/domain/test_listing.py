"""Listings: parts of the admissible pairs add up to all of them, and a shortlist is a part of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from coverplan.domain import listing
from coverplan.domain.candidates import Candidates
from coverplan.domain.eligibility import CandidateRules
from coverplan.domain.listing import Listing, Listings, keys_of
from support.domain import book_of
from support.rich import rich_problems
from support.sampling import examples

Document = dict[str, Any]
ASKED = st.tuples(st.sampled_from([None, 1, 2]), st.booleans(), st.integers(0, 2))


@examples(40)
@given(rich_problems(), st.integers(1, 3))
def test_parts_are_all_pairs_once(problem: Document, size: int) -> None:
    """Parts of one, two or three pairs: every unit in one of them, with the columns that it has among all."""
    book = book_of(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PART", size)
        parts = list(Listing(book, CandidateRules(), None).parts())

    whole = Candidates.of(book, CandidateRules())
    assert_array_equal(np.sort(np.concatenate([keys_of(part) for part, _ in parts])), keys_of(whole))
    assert_array_equal(np.sum([mine for _, mine in parts], axis=0), np.ones(whole.n_units))
    assert all(mine[part.column_unit].all() for part, mine in parts)


@examples(40)
@given(
    rich_problems(), st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.booleans(), st.integers(0, 2)), min_size=2)
)
def test_listings_that_are_kept_are_those_that_would_be_made(
    problem: Document, asked: list[tuple[int | None, bool, int]]
) -> None:
    """Whatever was asked for before: candidate rules, families, seeds."""
    book = book_of(problem)
    kept, link = Listings(book), np.array([[0, book.instance.n_accounts - 1]], np.int32)
    for per_seat, merged, seed in asked:
        rules, links = CandidateRules(per_seat=per_seat), link if merged else None
        found, fresh = kept.of(rules, links, seed).candidates(), Listing(book, rules, links, seed).candidates()
        assert_array_equal(keys_of(found), keys_of(fresh))
        assert_array_equal(found.unit_of_seat, fresh.unit_of_seat)
        assert per_seat is not None or kept.of(rules, links, seed + 1).candidates() is found


@examples(40)
@given(rich_problems(), st.integers(1, 2), st.integers(0, 9))
def test_a_shortlist_knows_the_best_of_what_it_left_out(problem: Document, per_seat: int, seed: int) -> None:
    """The most that a seat is worth is counted over all admissible pairs, so that fair shares do not change."""
    book = book_of(problem)
    short = Listing(book, CandidateRules(per_seat=per_seat), None, seed).candidates()
    whole = Candidates.of(book, CandidateRules())

    assert np.isin(keys_of(short), keys_of(whole)).all()
    assert_array_equal(short.most_net, whole.most_net)
    assert_array_equal(short.keeps, whole.keeps)
    assert_array_equal(short.has_rep, whole.has_rep)


def test_explicit_values_close_pairs_before_they_are_counted() -> None:
    """Twenty accounts x ten reps of one class: 200 pairs, but three values each leave 60, two of them excluded."""
    three = [(account, (account + step) % 10) for account in range(20) for step in range(3)]
    pairs: list[Document] = [{"account_id": f"a{a}", "rep_id": f"r{r}", "value": 5.0} for a, r in three]
    pairs[0]["eligible"] = pairs[1]["eligible"] = False
    facts = {"reps": [{"id": f"r{rep}"} for rep in range(10)], "accounts": [{"id": f"a{a}"} for a in range(20)]}
    every, some = book_of(facts), book_of({**facts, "pairs": pairs})

    assert Listing(every, CandidateRules(), None).n_admissible == 200
    found = Listing(some, CandidateRules(), None)
    assert found.n_admissible == 58
    assert len(found.candidates().seat) == 58


@examples(60)
@given(rich_problems())
def test_no_pair_goes_uncounted(problem: Document) -> None:
    """The count decides what is listed, and how; only distance and pairs of current reps may change it."""
    book = book_of(problem)
    admitted = Listing(book, CandidateRules(), None).admission
    found, width = admitted.of(), book.instance.n_reps

    open_to_all = ~np.isin(book.seats.account, book.instance.pairs.account)
    listed = np.bincount(found.ruled // width, minlength=len(book.seats))
    assert_array_equal(admitted.counts[open_to_all], listed[open_to_all])
    assert (listed <= admitted.counts + np.bincount(admitted._admitted // width, minlength=len(book.seats))).all()
