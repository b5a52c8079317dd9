"""Headers of a webhook's owner: they add to a call, and change nothing of it."""

from __future__ import annotations

import asyncio

import pytest

from coverplan.delivery.addresses import AllowList
from coverplan.delivery.headers import header_faults
from coverplan.delivery.post import Message, Outcome, post
from support.receiver import receiver


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer 7f3c"}, {"X-Token": "a b\tc", "x-other": "~"}, {f"x-{n}": "1" for n in range(20)}],
)
def test_what_adds_to_a_call_is_taken(headers: dict[str, str]) -> None:
    assert header_faults(headers) == []


NAMES = """Host Connection Keep-Alive TE Trailer Transfer-Encoding Upgrade Proxy-Authorization Expect User-Agent
Content-Length Content-Type CONTENT-ENCODING Coverplan-Signature webhook-id Webhook-Signature X-Forwarded-For"""


@pytest.mark.parametrize("name", NAMES.split())
def test_what_says_how_a_call_is_made_or_who_signed_it_is_not(name: str) -> None:
    assert header_faults({name: "x"}) == [(name, "is not for callers to set")]


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\r\nb", "x" * 101])
def test_what_is_no_name_is_not(name: str) -> None:
    [(found, reason)] = header_faults({name: "x"})

    assert found == name
    assert "no name" in reason


@pytest.mark.parametrize("value", ["", " a", "a ", "a\r\nHost: b", "a\0", "ä", "x" * 4001])
def test_what_is_no_value_is_not_and_not_repeated(value: str) -> None:
    [(name, reason)] = header_faults({"x-token": value})

    assert name == "x-token"
    assert not value.strip() or value not in reason


def test_too_many_are_too_many() -> None:
    """Twenty-one; 2 x 3,997 + 2 x 4 = 8,002 characters; and one name written in two ways."""
    assert header_faults({f"x-{n}": "1" for n in range(21)}) == [(None, "there may be 20")]
    assert header_faults({"x-1a": "a" * 3997, "x-2a": "b" * 3997}) == [
        (None, "they may have 8,000 characters together")
    ]
    assert header_faults({"X-A": "1", "x-a": "2"}) == [("X-A", "is given twice"), ("x-a", "is given twice")]


def test_they_are_sent_and_replace_none_of_ours() -> None:
    """Not even where an earlier version let them through."""
    headers = {"Authorization": "Bearer 7f3c", "HOST": "evil.example", "Coverplan-Delivery": "x"}
    with receiver() as place:
        message = Message("del-1", place.url("/200"), "whsec-key", b"{}", headers=headers)
        assert asyncio.run(post(message, AllowList.of(["127.0.0.0/8"]), 5.0)) == Outcome(200)
        [got] = place.got

    assert got.headers["authorization"] == "Bearer 7f3c"
    assert got.headers["host"] == f"127.0.0.1:{place.port}"
    assert got.headers["coverplan-delivery"] == "del-1"
