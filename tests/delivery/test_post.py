"""One call, to a real server on loopback, to a socket that speaks no HTTP, and to nobody."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest

from coverplan.delivery.addresses import Address, AllowList
from coverplan.delivery.post import Message, Outcome, post
from coverplan.delivery.target import resolve
from support.ports import free_port
from support.receiver import Receiver, receiver

LOOPBACK = AllowList.of(["127.0.0.0/8"])
BODY = b'{"id": "del-1"}'


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def send(url: str, allow: AllowList = LOOPBACK, timeout_s: float = 5.0) -> Outcome:
    return asyncio.run(post(Message("del-1", url, "whsec-key", BODY), allow, timeout_s))


def test_a_call_is_signed(place: Receiver) -> None:
    """Worked out again with the standard library, from what the header promises."""
    before = int(time.time())
    assert send(place.url("/204")) == Outcome(204)

    [got] = place.got
    timestamp = got.headers["coverplan-timestamp"]
    expected = hmac.new(b"whsec-key", timestamp.encode() + b"." + BODY, hashlib.sha256).hexdigest()
    assert got.headers["coverplan-signature"] == f"v1={expected}"
    assert before <= int(timestamp) <= time.time()
    assert got.headers["coverplan-delivery"] == "del-1"
    assert got.headers["host"] == f"127.0.0.1:{place.port}"
    assert got.body == BODY


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_another_status_than_success_is_a_failure(place: Receiver, status: int) -> None:
    outcome = send(place.url(f"/{status}"))

    assert (outcome.status, outcome.delivered, outcome.final) == (status, False, False)


def test_redirects_are_not_followed(place: Receiver) -> None:
    outcome = send(place.url("/redirect"))

    assert (outcome.status, outcome.delivered) == (307, False)
    assert place.paths() == ["/redirect"]


def test_a_receiver_that_hangs_costs_the_timeout(place: Receiver) -> None:
    began = time.monotonic()
    outcome = send(place.url("/hang"), timeout_s=0.3)

    assert outcome == Outcome(error="No answer within 0.3 s.")
    assert time.monotonic() - began < 10


def test_an_endless_answer_is_left_after_a_few_bytes(place: Receiver) -> None:
    """The rest of what was sent lies in the buffers of the two sockets."""
    began = time.monotonic()
    assert send(place.url("/endless")) == Outcome(200)

    assert time.monotonic() - began < 8
    time.sleep(0.1)
    assert place.sent_bytes < 20_000_000


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/200",
        "http://localhost:{port}/200",
        "http://2130706433:{port}/200",  # 127 * 2**24 + 1
        "http://0x7f.1:{port}/200",
        "http://[::ffff:127.0.0.1]:{port}/200",
        "http://[::1]:{port}/200",
        "http://0.0.0.0:{port}/200",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_what_is_not_listed_is_not_even_connected_to(place: Receiver, url: str) -> None:
    began = time.monotonic()
    outcome = send(url.format(port=place.port), AllowList.of(["public"]))

    assert (outcome.status, outcome.final) == (None, True)
    assert "COVERPLAN_WEBHOOK_ALLOW" in (outcome.error or "")
    assert place.got == []
    assert time.monotonic() - began < 2


def test_the_address_that_was_checked_is_the_one_that_is_called(place: Receiver) -> None:
    """A name server that changes its answer is asked once; Host keeps the name, which the machine does not know."""
    answers: list[Sequence[Address]] = [[ip_address("127.0.0.1")], [ip_address("169.254.169.254")]]

    async def rebinding(host: str, port: int) -> Sequence[Address]:
        assert (host, port) == ("hooks.invalid", place.port)
        return answers.pop(0)

    message = Message("del-1", f"http://hooks.invalid:{place.port}/200", "whsec-key", BODY)
    assert asyncio.run(post(message, LOOPBACK, 5.0, rebinding)) == Outcome(200)

    assert place.got[0].headers["host"] == f"hooks.invalid:{place.port}"
    assert len(answers) == 1


def test_of_several_addresses_only_admitted_ones_are_called(place: Receiver) -> None:
    async def both(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address("::1"), ip_address("10.0.0.1"), ip_address("127.0.0.1")]

    message = Message("del-1", f"http://hooks.invalid:{place.port}/200", "whsec-key", BODY)
    assert asyncio.run(post(message, LOOPBACK, 5.0, both)) == Outcome(200)
    refused = asyncio.run(post(message, AllowList.of(["public"]), 5.0, both))

    assert refused.final
    assert place.paths() == ["/200"]


def test_tls_names_the_host_and_not_the_address() -> None:
    """Read from the first bytes of the handshake, which this server then cuts off."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hear() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(4096))

        thread = threading.Thread(target=hear)
        thread.start()

        async def local(_host: str, _port: int) -> Sequence[Address]:
            return [ip_address("127.0.0.1")]

        url = f"https://hooks.invalid:{server.getsockname()[1]}/200"
        outcome = asyncio.run(post(Message("del-1", url, "whsec-key", BODY), LOOPBACK, 5.0, local))
        thread.join()

    assert not outcome.delivered
    assert heard[0][0] == 22  # a TLS handshake record
    assert b"hooks.invalid" in heard[0]


def test_nobody_there_is_tried_again_later() -> None:
    closed = send(f"http://127.0.0.1:{free_port()}/200")
    unknown = send("http://no-such-host.invalid/200")

    assert not closed.final
    assert "ConnectError" in (closed.error or "")
    assert unknown == Outcome(error="The host name has no address.")


@pytest.mark.parametrize("url", ["ftp://h/", "http://user:secret@h/", "http://", "http://h:0/", "http://h:70000/", "x"])
def test_what_is_no_url_of_the_web_is_given_up(url: str) -> None:
    outcome = send(url)

    assert outcome.final
    assert "secret" not in (outcome.error or "")


def test_this_machine_knows_itself() -> None:
    assert ip_address("127.0.0.1") in asyncio.run(resolve("localhost", 80))
