"""What every constraint kind is: a payload schema, its contribution to the program, its words and its checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from coverplan.constraints.filters import AccountFilter, Filter, filters_in
from coverplan.constraints.findings import Amounts, Finding, Named
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats
from coverplan.mip.rows import LinkedBlock, RowBlock
from coverplan.wording.rows import RowState, RowWords, Voice
from coverplan.wording.words import money, sentence, singular

Links = npt.NDArray[np.int32]
"""Pairs of accounts, (n, 2)."""
Measure = Literal["accounts", "hours", "revenue", "potential", "expected_revenue"]
Side = Literal["lower", "upper"]


def unit_of_measure(measure: Measure) -> str:
    """The unit of a sum of the measure: `money`, or a plural noun."""
    return measure if measure in {"accounts", "hours"} else "money"


class Constraint(BaseModel, ABC):
    """A rule of the policy. Without `penalty` it is hard; with one, each unit of violation costs that much money.

    A kind defines its fields, one or more of `merges`, `rows`, `separable` and `links`, and `asks`; the rest has
    defaults that hold for most kinds.
    """

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )

    kind: str
    id: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Name of the rule in answers; default: its kind, then `kind-2`, `kind-3`...",
        examples=["west-capacity"],
    )
    penalty: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Money per unit of violation; absent or null: the rule is hard.",
        examples=[0.2],
    )

    unit: ClassVar[str]
    """What one unit of violation is, for all rules of the kind."""
    example: ClassVar[dict[str, Any]] = {}
    """Fields of the rule that stands for the kind in `every_constraint_kind.json`."""
    limits: ClassVar[tuple[str, ...]] = ()
    """Fields of which one at least is needed; a `min` may not be above the `max` of the same name."""
    exact_only: ClassVar[bool] = False
    """Whether it counts what a book holds as a whole, which has no prices of rows: only the exact method can."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema; in a policy each rule says its kind."""
        schema = handler(core)
        rule = handler.resolve_ref_schema(schema)
        rule["properties"]["kind"].pop("default", None)
        rule["properties"]["kind"]["description"] = "Which rule it is."
        rule["required"] = ["kind", *(name for name in rule.get("required", ()) if name != "kind")]
        return schema

    # The program.

    def merges(self, book: Book) -> Links | None:
        """Accounts that must share their rep, merged before candidates are formed."""
        return None

    @property
    def merging(self) -> bool:
        """Whether it merges accounts, and so changes which pairs are admissible."""
        return False

    def rows(self, pairs: Candidates) -> RowBlock | None:
        """Rows over pairs (and uncovered seats) that get a price."""
        return None

    def separable(self, pairs: Candidates) -> RowBlock | None:
        """One row whose violation adds up seat by seat, at most its lower bound: solved by fixing or by costs."""
        return None

    def links(self, pairs: Candidates) -> LinkedBlock | None:
        """Rules that tie seats together through auxiliary columns; they get no price."""
        return None

    # Words.

    @abstractmethod
    def asks(self, currency: str) -> str:
        """What it asks, as a clause that begins with a capital; filters and penalty are told by `describe`."""

    def unit_of(self, scope: str) -> str:
        """The unit of the row of a scope: `money`, or a plural noun."""
        return "accounts"

    def describe(self, currency: str) -> str:
        """One sentence: what it asks, of whom, and what missing it costs."""
        text = self.asks(currency) + self._of_whom()
        if self.penalty is None:
            return f"{text}."
        unit = self.unit_of("company")
        one = currency if unit == "money" else singular(unit)
        return f"{text}; missing it costs {money(self.penalty, currency)} per {one}."

    def _of_whom(self) -> str:
        """The accounts and reps that it is limited to."""
        given = {name: getattr(self, name, None) for name in ("accounts", "reps")}
        words = {name: one.words() for name, one in given.items() if isinstance(one, Filter)}
        found = sentence(f"{name}: {text}" for name, text in words.items() if text)
        return f" ({found})" if found else ""

    def explain(self, row: RowState, voice: Voice) -> RowWords:
        """One of its rows in words: what it comes to, what is asked, what it misses."""
        return RowWords(row, self.unit_of(row.scope), voice)

    def one_more(self, step: str, side: Side, who: str) -> str:
        """How a row gives way by a step where it binds on one side; the price says what that is worth."""
        return f"{step} {'more' if side == 'upper' else 'less'} for {who}"

    @property
    def book_measure(self) -> str | None:
        """The measure of a rep's whole book that its rows bound; None: they bound something else."""
        return None

    # Checks.

    def names(self) -> Iterator[Named]:
        """The ids that it names, those of its filters first."""
        for path, one in filters_in(self):
            yield from one.names(path)

    def faults(self, amounts: Amounts) -> Iterator[Finding]:
        """Errors that its own fields and the amounts of the problem show, but for limits and ids."""
        return iter(())

    def idle_parts(self, book: Book) -> Iterator[Finding]:
        """Warnings: parts of it that do nothing here."""
        for path, one in filters_in(self):
            if one.model_fields_set and not one.mask(book).any():
                yield Finding(
                    "empty_filter", path, words={"kind": "account" if isinstance(one, AccountFilter) else "rep"}
                )

    # What it implies, for conditions that every plan must meet.

    def hours_limit(self, book: Book) -> Floats | None:
        """Hours that each rep may plan, infinite where it says nothing; None: it limits no hours."""
        return None

    def kept_accounts(self, book: Book) -> Bools | None:
        """Accounts that stay with their current rep; None: it keeps none."""
        return None

    def covered_accounts(self, book: Book) -> Bools | None:
        """Accounts whose every seat is covered; None: it asks for none."""
        return None
