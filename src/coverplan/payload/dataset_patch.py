"""Patches: a dataset with some accounts or reps added, changed or removed is a new dataset."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, create_model

from coverplan.payload.base import Document, Id, Name
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.problem import Account, FirstFault, Rep


def _partial(name: str, model: type[BaseModel]) -> type[BaseModel]:
    """A document of the same fields without the id, each of which may be left out."""
    fields: dict[str, Any] = {}
    for key, info in model.model_fields.items():
        optional = copy(info)
        optional.default, optional.default_factory = None, None
        fields[key] = (info.annotation, optional)
    del fields["id"]
    return create_model(name, __base__=Document, __doc__="The fields to change, with their new values.", **fields)


if TYPE_CHECKING:

    class AccountFields(Document):
        """Fields of an account, each of which may be left out."""

    class RepFields(Document):
        """Fields of a rep, each of which may be left out."""
else:
    AccountFields = _partial("AccountFields", Account)
    RepFields = _partial("RepFields", Rep)


class AccountChange(Document):
    """New values for some fields of an account."""

    id: Id = Field(description="Id of the account.", examples=["a1"])
    fields: AccountFields = Field(
        description="The new values; null resets a field, what is absent stays.", examples=[{"potential": 60000}]
    )


class RepChange(Document):
    """New values for some fields of a rep."""

    id: Id = Field(description="Id of the rep.", examples=["r1"])
    fields: RepFields = Field(
        description="The new values; null resets a field, what is absent stays.", examples=[{"capacity_hours": 1200}]
    )


class AccountPatch(Document):
    """What becomes of the accounts."""

    add: FirstFault[Account] = Field(
        default_factory=list, description="New accounts.", examples=[[{"id": "a9", "potential": 50000}]]
    )
    change: FirstFault[AccountChange] = Field(
        default_factory=list, description="Changed accounts.", examples=[[{"id": "a1", "fields": {"potential": 60000}}]]
    )
    remove: list[Id] = Field(
        default_factory=list,
        description="Ids of accounts to remove, along with their rows of `fit` and `pairs`.",
        examples=[["a2"]],
    )


class RepPatch(Document):
    """What becomes of the reps."""

    add: FirstFault[Rep] = Field(default_factory=list, description="New reps.", examples=[[{"id": "r9"}]])
    change: FirstFault[RepChange] = Field(
        default_factory=list,
        description="Changed reps.",
        examples=[[{"id": "r1", "fields": {"capacity_hours": 1200}}]],
    )
    remove: list[Id] = Field(
        default_factory=list,
        description="Ids of reps to remove, along with their rows of `fit` and `pairs`; they stay the current reps of "
        "their accounts, who are then forced to move.",
        examples=[["r2"]],
    )


class DatasetPatch(Document):
    """What a new version has differently."""

    name: Name | None = Field(default=None, description="Name of the new version; null: the same.", examples=["v2"])
    accounts: AccountPatch = Field(default_factory=AccountPatch, description="Accounts.", examples=[{"remove": ["a2"]}])
    reps: RepPatch = Field(default_factory=RepPatch, description="Reps.", examples=[{"remove": ["r2"]}])

    def parts(self) -> Iterator[tuple[str, str, AccountPatch | RepPatch]]:
        """Table, entity and changes."""
        yield "accounts", "account", self.accounts
        yield "reps", "rep", self.reps


def check_patch(patch: DatasetPatch) -> IssueReport:
    """Errors for ids that stand twice, and for a patch of nothing."""
    report = IssueReport()
    for table, entity, part in patch.parts():
        seen: set[str] = set()
        for path, name in _ids(part):
            if name in seen:
                report.add("duplicate_id", pointer("", [table, *path]), value=name, kind=f"change of this {entity}")
            seen.add(name)
    if not any(True for _, _, part in patch.parts() for _ in _ids(part)):
        report.add("invalid_value", "", reason="Nothing is added, changed or removed.")
    return report


def _ids(part: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every id that a patch names, with its place."""
    yield from ((("add", row, "id"), one.id) for row, one in enumerate(part.add))
    yield from ((("change", row, "id"), one.id) for row, one in enumerate(part.change))
    yield from ((("remove", row), name) for row, name in enumerate(part.remove))
