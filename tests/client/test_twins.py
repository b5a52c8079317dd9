"""The two clients are one: the synchronous one is made of the other, and has the same methods."""

from __future__ import annotations

import inspect

import pytest

from coverplan.client import AsyncClient, Client
from support.twin import BY_HAND, CLIENT, made

RESOURCES = ("runs", "batches", "experiments", "datasets", "policies", "webhooks")


def test_the_synchronous_client_is_current() -> None:
    """After a change: `make client`."""
    twins = made()

    assert {file.name for file in twins} == {file.name for file in (CLIENT / "sync").glob("*.py")} - BY_HAND
    assert [file.name for file, text in twins.items() if file.read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_they_have_the_same_methods(resource: str) -> None:
    one, other = (type(getattr(kind(), resource)) for kind in (Client, AsyncClient))

    assert one.__module__ != other.__module__
    assert methods(one) == methods(other)


def methods(kind: type) -> dict[str, list[str]]:
    """The parameters of each public method."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: list(inspect.signature(method).parameters) for name, method in found if not name.startswith("_")}
