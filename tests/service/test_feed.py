"""The feed of events: no listener keeps the others, or the whole service, from their turn."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from sqlalchemy import Connection

from coverplan.api.streaming.feed import Feed
from coverplan.settings import Settings
from coverplan.store import runs
from coverplan.store.store import Store

MANY = 1100
"""More events than one look into the database brings."""
PATIENCE_S = 30.0


def _store(folder: Path) -> Store:
    """A run with many events that has not ended."""
    store = Store.open(Settings(data_dir=folder))
    facts = {"tenant": "t", "retention_s": 60.0, "request_path": "p", "request_hash": "h", "time_limit_s": 600.0}
    with store.database.begin() as connection:
        runs.add(connection, {"id": "run_1", **facts})
        runs.claim_all(connection, ["run_1"], "w")
        _go_on(connection, MANY)
    return store


def _go_on(connection: Connection, count: int) -> None:
    progress = {"t": 1.0, "objective_value": 1.0, "dual_bound": 2.0, "gap": 1.0, "phase": "search"}
    for _ in range(count):
        runs.record(connection, "run_1", 1, progress)


def test_a_listener_far_behind_stops_nobody(tmp_path: Path) -> None:
    """One follows from the end, another from the beginning: both hear what comes, and the loop goes on turning."""
    store, turns, heard = _store(tmp_path), [0], {"behind": 0, "ahead": 0}
    ended = threading.Event()

    async def turn() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0.01)

    async def listen(feed: Feed, name: str, after: int) -> None:
        async for event in feed.events("run_1", after):
            heard[name] = heard[name] if event is None else event["seq"]

    async def go() -> None:
        feed = Feed(store)
        tasks = [asyncio.create_task(turn()), asyncio.create_task(listen(feed, "ahead", 10 * MANY))]
        await asyncio.sleep(0.5)
        tasks.append(asyncio.create_task(listen(feed, "behind", 0)))
        while heard["behind"] < MANY:
            await asyncio.sleep(0.05)
        before = turns[0]
        await store.database.writing(lambda connection: _go_on(connection, 1))
        while min(heard.values()) < MANY + 3 or turns[0] < before + 20:
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ended.set()

    # A loop that never suspends would not hear of a timeout of its own.
    thread = threading.Thread(target=lambda: asyncio.run(go()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)

    assert ended.is_set(), f"the loop stands still: {heard}, {turns[0]} turns"
