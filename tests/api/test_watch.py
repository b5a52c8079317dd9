"""Events of experiments and batches: states as they change, for any number of listeners."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Message

from coverplan.api.closing import Closing
from coverplan.api.streaming import watch as watching
from coverplan.api.streaming.events import PING, EventStream
from coverplan.api.streaming.watch import Told, Watch
from coverplan.payload.base import Document
from coverplan.store.database import DatabaseLostError

PATIENCE_S = 60.0


class State(Document):
    """How far something is."""

    done: int
    remaining_s: float | None = None


class Counted:
    """Something that is looked at: it goes one step further each time, up to a number, and is over at another."""

    def __init__(self, upto: int, over_at: int = 1_000_000) -> None:
        self.upto, self.over_at = upto, over_at
        self.done = self.looks = 0

    async def look(self) -> Told:
        self.looks += 1
        if self.looks == 2:
            raise DatabaseLostError("away for a moment")
        self.done = min(self.done + 1, self.upto)
        return Told.of(State(done=self.done, remaining_s=float(self.looks)), ended=self.done >= self.over_at)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    monkeypatch.setattr(watching, "PING_S", 0.2)


def within_time(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in a thread: a loop that never suspends would not hear of a timeout of its own."""
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            asyncio.run(work())
            ended.append(None)
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert ended, "the loop stands still"
    if ended[0] is not None:
        raise ended[0]


def kinds(events: list[bytes]) -> list[str]:
    """What each event is, by its first line; comments are pings."""
    return [event.split(b"\n", 1)[0].decode() for event in events]


async def heard(watch: Watch, counted: Counted, last: str | None = None) -> list[bytes]:
    return [event async for event in watch.events("one", counted.look, last)]


def test_all_listeners_hear_the_end_of_the_same_looks() -> None:
    """Three listeners, one of whom comes late: the looks are those of one, and nothing follows them afterwards."""

    async def work() -> None:
        watch, counted = Watch(), Counted(upto=5, over_at=5)
        first = [asyncio.create_task(heard(watch, counted)) for _ in range(2)]
        await asyncio.sleep(0.02)
        streams = [*await asyncio.gather(*first), await heard(Watch(), counted)]

        for events in streams:
            assert kinds(events)[-1] == "event: ended"
            assert set(kinds(events)[:-1]) <= {"event: progress"}
        assert counted.looks == 5 + 1 + 1  # one found no database, and the late one looked once
        assert watch._followed == {}

    within_time(work)


def test_who_comes_back_hears_what_has_changed_and_the_end_again() -> None:
    """Estimates change by themselves: that is no news, and a comment shows that the connection lives."""

    async def work() -> None:
        watch, counted = Watch(), Counted(upto=2)
        stream = watch.events("one", counted.look, None)
        while b'"done":2' not in (event := await anext(stream)):
            pass
        last = event.split(b"id: ")[1].split(b"\n")[0].decode()
        again = watch.events("one", counted.look, last)
        assert await anext(again) == PING
        counted.upto = counted.over_at = 3
        assert kinds([await anext(again)]) == ["event: ended"]
        await stream.aclose()
        end = (await heard(watch, counted))[0].split(b"id: ")[1].split(b"\n")[0].decode()
        assert kinds(await heard(watch, counted, end)) == ["event: ended"]

    within_time(work)


def test_the_loop_turns_whatever_listeners_do() -> None:
    """Many listeners of what changes at each look, and some who do not read: others have their turn all the while."""

    async def work() -> None:
        watch, counted, turns = Watch(), Counted(upto=10_000_000), 0
        idle = [watch.events("one", counted.look, None) for _ in range(3)]
        for stream in idle:
            await anext(stream)
        listeners = [asyncio.create_task(heard(watch, counted)) for _ in range(20)]
        while turns < 50 or counted.looks < 20:
            turns += 1
            await asyncio.sleep(0.005)
        for task in listeners:
            task.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
        for stream in idle:
            await stream.aclose()
        assert watch._followed == {}

    within_time(work)


@contextlib.asynccontextmanager
async def streamed(refusal: asyncio.Event, leaving: asyncio.Event) -> AsyncIterator[tuple[Closing, list[bytes], Watch]]:
    """A stream of what never ends, as a server sends it: how to close it, what was sent, and who follows."""
    closing, watch, sent, counted = Closing(5.0), Watch(), list[bytes](), Counted(upto=3)

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Message:
        await leaving.wait()
        return {"type": "http.disconnect"}

    async def refused() -> None:
        await refusal.wait()

    stream = EventStream(watch.events("one", counted.look, None), {"experiment_id": "exp-1"}, refused(), closing)
    task = asyncio.create_task(stream({"type": "http"}, receive, send))
    while not any(b'"done":3' in body for body in sent):
        await asyncio.sleep(0.01)
    yield closing, sent, watch
    await asyncio.wait_for(task, PATIENCE_S)
    await asyncio.sleep(0)
    assert watch._followed == {}


def test_a_service_that_stops_says_so_last() -> None:
    async def work() -> None:
        async with streamed(asyncio.Event(), asyncio.Event()) as (closing, sent, _):
            closing.begin()
        assert b"event: closing" in sent[-2]
        assert b'{"experiment_id": "exp-1"}' in sent[-2]
        assert sent[-1] == b""

    within_time(work)


@pytest.mark.parametrize("why", ["refused", "gone"])
def test_who_may_not_listen_or_is_gone_is_told_nothing_more(why: str) -> None:
    async def work() -> None:
        refusal, leaving = asyncio.Event(), asyncio.Event()
        async with streamed(refusal, leaving) as (_, sent, _):
            told = len([body for body in sent if body.startswith(b"event:")])
            (refusal if why == "refused" else leaving).set()
        assert len([body for body in sent if body.startswith(b"event:")]) == told
        assert not any(b"closing" in body for body in sent)

    within_time(work)
