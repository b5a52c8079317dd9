"""What the client makes of answers that are not the service's, and of numbers that are none."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from coverplan.client import Client
from coverplan.client.errors import ConnectionFailedError

PAGE: dict[str, object] = {"items": [], "next_cursor": None}


def client(answer: Callable[[httpx.Request], httpx.Response], patience_s: float = 0.0) -> Client:
    return Client(patience_s=patience_s, transport=httpx.MockTransport(answer))


def test_a_proxy_whose_service_is_away_is_asked_again() -> None:
    answers = iter([httpx.Response(502, html="<h1>Bad Gateway</h1>"), httpx.Response(200, json=PAGE)])

    with client(lambda _: next(answers), patience_s=5.0) as opened:
        assert list(opened.runs.list()) == []


def test_an_answer_of_another_program_is_told_by_its_status() -> None:
    with (
        client(lambda _: httpx.Response(407, html="<h1>No</h1>"), patience_s=60.0) as opened,
        pytest.raises(ConnectionFailedError, match="407 Proxy Authentication Required") as caught,
    ):
        opened.runs.get("run-1")

    assert not caught.value.may_pass


def test_a_page_of_another_program_is_no_list() -> None:
    with client(lambda _: httpx.Response(200, html="<h1>Welcome</h1>")) as opened, pytest.raises(ConnectionFailedError):
        list(opened.runs.list())


def test_an_address_without_scheme_is_not_tried_again() -> None:
    with Client("127.0.0.1:8000", patience_s=60.0) as opened, pytest.raises(ConnectionFailedError) as caught:
        opened.runs.get("run-1")

    assert not caught.value.may_pass


def test_a_number_that_is_none_is_sent_as_it_is() -> None:
    """As null, a quota of NaN would be a rep without a quota."""
    sent = list[float]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["problem"]["reps"][0]["quota"])
        return httpx.Response(503)

    problem = {"reps": [{"id": "r", "quota": float("nan")}], "accounts": [{"id": "a"}]}
    with client(answer) as opened, pytest.raises(ConnectionFailedError):
        opened.runs.submit(problem)

    assert [str(number) for number in sent] == ["nan"]
