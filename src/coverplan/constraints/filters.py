"""Filters: which accounts and reps a constraint is about. Data, not a language: all keys are ANDed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from coverplan.constraints.findings import Named, Path
from coverplan.domain.book import Book
from coverplan.domain.geography import in_subtrees
from coverplan.domain.instance import ACTIVE, HIRED, OPEN, Bools, Ints, Texts, texts
from coverplan.wording.words import listing

Ids = Annotated[tuple[str, ...], Field(strict=False, min_length=1, fail_fast=True)]
"""At least one id; only the first wrong one is reported."""


def _once(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Each id stands for one row; twice, it would count double."""
    if len(set(ids)) < len(ids):
        raise ValueError("the same id is listed twice")
    return ids


Scopes = Annotated[Ids, AfterValidator(_once)]
"""Ids that stand for one row each."""

STATUS = {"active": ACTIVE, "hired": HIRED, "open": OPEN}
IDS_SHOWN = 3


def codes(wanted: tuple[str, ...], vocabulary: tuple[str, ...] | Texts) -> Ints:
    """Positions of the wanted ids in the vocabulary, unknown ones left out (validation has named them)."""
    if isinstance(vocabulary, np.ndarray):
        order = np.argsort(vocabulary)
        place = np.minimum(np.searchsorted(vocabulary[order], texts(wanted)), len(order) - 1)
        found: Ints = order[place].astype(np.int32)
        return found[np.asarray(vocabulary[found] == texts(wanted), np.bool_)]
    place_of = {name: code for code, name in enumerate(vocabulary)}
    return np.asarray([place_of[name] for name in wanted if name in place_of], np.int32)


class Filter(BaseModel):
    """Base of the two filters."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )

    references: ClassVar[dict[str, str]]
    """Keys that name ids, each with the code of the issue where one does not exist."""

    def mask(self, book: Book) -> Bools:
        """Which accounts or reps pass."""
        raise NotImplementedError

    def names(self, at: Path) -> Iterator[Named]:
        """The ids that it names; `at` leads to the filter."""
        for key, code in self.references.items():
            listed = getattr(self, key)
            if listed is not None:
                yield Named(code, (*at, key), listed)

    def words(self) -> str:
        """What is asked of accounts or reps, in words; empty: nothing."""
        keys = self.model_dump(mode="json", exclude_defaults=True)
        ranked = f" by {keys.get('by', 'revenue')}" if "top" in keys else ""
        return ", ".join(_in_words(key, value) for key, value in keys.items() if key != "by") + ranked


class AccountFilter(Filter):
    """Accounts that meet every given key; no key at all: every account."""

    references: ClassVar[dict[str, str]] = {
        "segment": "unknown_segment",
        "industry": "unknown_industry",
        "tags": "unknown_tag",
        "territory": "unknown_territory",
        "ids": "unknown_account",
    }

    segment: Ids | None = Field(None, description="Segment ids; any of them.", examples=[["enterprise"]])
    industry: Ids | None = Field(None, description="Industries; any of them.", examples=[["health"]])
    territory: Ids | None = Field(None, description="Territory ids, each with its subtree.", examples=[["west"]])
    kind: Literal["customer", "prospect"] | None = Field(None, description="Customers or prospects only.")
    tags: Ids | None = Field(None, description="Tags; any of them.", examples=[["launch-x"]])
    open_opportunity: bool | None = Field(None, description="Whether an opportunity is open.")
    since_after: date | None = Field(
        None, description="Some current relationship began after this day.", examples=["2026-07-01"]
    )
    ids: Ids | None = Field(None, description="Account ids.", examples=[["a1", "a2"]])
    top: int | None = Field(None, ge=1, description="Of the rest, this many with the largest `by`; ties by id.")
    by: Literal["revenue", "potential", "existing"] = Field("revenue", description="Measure that `top` ranks by.")

    def mask(self, book: Book) -> Bools:
        """Which accounts pass, (accounts,)."""
        instance, accounts = book.instance, book.instance.accounts
        passing = np.ones(instance.n_accounts, np.bool_)
        if self.segment is not None:
            passing &= np.isin(accounts.segment, codes(self.segment, instance.segments.ids))
        if self.industry is not None:
            passing &= np.isin(accounts.industry, codes(self.industry, instance.industries))
        if self.territory is not None:
            inside = np.append(in_subtrees(instance, codes(self.territory, instance.territories.ids)), False)
            passing &= inside[accounts.territory]
        if self.kind is not None:
            passing &= accounts.customer == (self.kind == "customer")
        if self.tags is not None:
            tagged = accounts.tags.matrix(len(instance.tags))
            passing &= tagged[:, codes(self.tags, instance.tags)].any(axis=1)
        if self.open_opportunity is not None:
            passing &= accounts.open_opportunity == self.open_opportunity
        if self.since_after is not None:
            recent = instance.current.since > np.datetime64(self.since_after, "D")
            passing &= np.isin(np.arange(instance.n_accounts), instance.current.account[recent])
        if self.ids is not None:
            passing &= np.isin(np.arange(instance.n_accounts), codes(self.ids, accounts.ids))
        return passing if self.top is None else self._largest(book, passing, self.top)

    def _largest(self, book: Book, passing: Bools, top: int) -> Bools:
        amount = {"revenue": book.revenue, "potential": book.instance.accounts.potential, "existing": book.existing}
        chosen = np.flatnonzero(passing)
        order = np.lexsort((book.instance.accounts.ids[chosen], -amount[self.by][chosen]))[:top]
        largest = np.zeros(len(passing), np.bool_)
        largest[chosen[order]] = True
        return largest


class RepFilter(Filter):
    """Reps that meet every given key; no key at all: every rep."""

    references: ClassVar[dict[str, str]] = {
        "territory": "unknown_territory",
        "team": "unknown_team",
        "role": "unknown_role",
        "ids": "unknown_rep",
    }

    ids: Ids | None = Field(None, description="Rep ids.", examples=[["r1"]])
    role: Ids | None = Field(None, description="Roles; any of them.", examples=[["account_executive"]])
    team: Ids | None = Field(None, description="Ids of direct managers.", examples=[["m1"]])
    territory: Ids | None = Field(None, description="Reps with a territory in one of these subtrees.")
    status: Annotated[tuple[Literal["active", "hired", "open"], ...], Field(strict=False, fail_fast=True)] | None = (
        Field(None, description="Rep status; any of them.")
    )

    def mask(self, book: Book) -> Bools:
        """Which reps pass, (reps,)."""
        instance, reps = book.instance, book.instance.reps
        passing = np.ones(instance.n_reps, np.bool_)
        if self.ids is not None:
            passing &= np.isin(np.arange(instance.n_reps), codes(self.ids, reps.ids))
        if self.role is not None:
            passing &= np.isin(reps.role, codes(self.role, instance.roles))
        if self.team is not None:
            passing &= np.isin(reps.manager, codes(self.team, instance.managers.ids))
        if self.territory is not None:
            inside = in_subtrees(instance, codes(self.territory, instance.territories.ids))
            own = reps.territories.matrix(len(instance.territories.ids))
            passing &= (own & inside).any(axis=1)
        if self.status is not None:
            passing &= np.isin(reps.status, [STATUS[status] for status in self.status])
        return passing


def filters_in(model: BaseModel) -> Iterator[tuple[Path, Filter]]:
    """The filters of a rule, at any depth, with their paths."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        for place, one in enumerate(value) if isinstance(value, tuple) else [(None, value)]:
            path: Path = (name,) if place is None else (name, place)
            if isinstance(one, Filter):
                yield path, one
            elif isinstance(one, BaseModel):
                yield from (((*path, *inner), found) for inner, found in filters_in(one))


def _in_words(key: str, value: Any) -> str:
    if key == "open_opportunity":
        return "with an open opportunity" if value else "without an open opportunity"
    if key == "since_after":
        return f"covered since {value} or later"
    if key == "top":
        return f"top {value}"
    if isinstance(value, list):
        names = [str(item) for item in value]
        return listing(names, IDS_SHOWN) if key == "ids" else f"{key} {listing(names, IDS_SHOWN)}"
    return f"{value}s" if key == "kind" else f"{key} {value}"


EVERY_ACCOUNT, EVERY_REP = AccountFilter(), RepFilter()
