"""The constraint catalogue: one file per kind, one line here."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from coverplan.constraints.base import Constraint

__all__ = ["CATALOGUE", "AnyKind", "Constraint"]

KINDS = (
    "capacity",
    "account_count",
    "revenue_band",
    "balance",
    "keep_current",
    "protect",
    "revenue_target",
    "goal",
    "book_mix",
    "family",
    "exclusive",
    "same_team",
    "must_cover",
    "coverage",
    "spread",
)
"""The kinds in the order of the documentation; each is the one class of the module of its name."""


def _class_of(kind: str) -> type[Constraint]:
    module = import_module(f"{__name__}.{kind}")
    own = (one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__)
    (found,) = (one for one in own if isinstance(one, type) and issubclass(one, Constraint))
    return found


CATALOGUE: dict[str, type[Constraint]] = {kind: _class_of(kind) for kind in KINDS}
"""Kind to class."""

if TYPE_CHECKING:
    AnyKind = Constraint
else:
    AnyKind = Annotated[reduce(or_, CATALOGUE.values()), Field(discriminator="kind")]
    """A rule of some kind of the catalogue; `kind` says which."""
