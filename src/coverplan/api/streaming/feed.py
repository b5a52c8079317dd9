"""Events of runs for any number of listeners: one look into the database serves all who hear the same run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog
from sqlalchemy import RowMapping

from coverplan.api.streaming.events import PING_S
from coverplan.store import events
from coverplan.store.database import DatabaseLostError
from coverplan.store.store import Store

LOOK_S = 0.25
LAST = "ended"

log = structlog.get_logger(__name__)


class Feed:
    """Follows runs as long as somebody listens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._followed: dict[str, _Followed] = {}

    async def events(self, run_id: str, after: int) -> AsyncIterator[RowMapping | None]:
        """Events later than number `after`, until the run has ended; None when there was none for a while.

        A listener who has heard everything of an ended run hears its last event again. One who claims to have heard
        what has not happened yet hears what happens from now on.
        """
        after, known = await self._stored(run_id, after)
        for event in known:
            yield event
            after = event["seq"]
            if event["kind"] == LAST:
                return
        followed = self._followed.get(run_id)
        if followed is None:
            followed = self._followed[run_id] = _Followed(self._store, run_id, after)
        followed.listeners += 1
        try:
            while True:
                news = await followed.news(after)
                if not news:
                    yield None
                for event in news:
                    yield event
                    after = event["seq"]
                    if event["kind"] == LAST:
                        return
        finally:
            followed.listeners -= 1
            if not followed.listeners:
                followed.stop()
                self._followed.pop(run_id, None)

    async def _stored(self, run_id: str, after: int) -> tuple[int, Sequence[RowMapping]]:
        """The number of the latest event that was heard, and the later ones that are known."""
        found = await self._store.database.reading(lambda c: events.after(c, run_id, after))
        if found or after == 0:
            return after, found
        last = await self._store.database.reading(lambda c: events.latest(c, run_id))
        if last is None or last["kind"] == LAST:
            return after, [] if last is None else [last]
        return min(after, last["seq"]), []


class _Followed:
    """One run that is listened to."""

    def __init__(self, store: Store, run_id: str, after: int) -> None:
        self.listeners = 0
        self._store = store
        self._run_id = run_id
        self._seen = after
        self._recent: list[RowMapping] = []
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._look())

    async def news(self, after: int) -> list[RowMapping]:
        """What is known beyond number `after`; waits a while for it.

        Whatever it finds, it lets others have their turn first: a listener far behind would have none of the latest
        events, and ask again at once, and again.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PING_S), self._changed:
                await self._changed.wait_for(lambda: self._seen > after)
        if self._recent and self._recent[0]["seq"] <= after + 1:
            await asyncio.sleep(0)
            return [event for event in self._recent if event["seq"] > after]
        found: Sequence[RowMapping] = []
        if self._seen > after:
            found = await self._read(after)
            await asyncio.sleep(0 if found else LOOK_S)
        return list(found)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._task.cancel()

    async def _look(self) -> None:
        while True:
            found = await self._read(self._seen)
            if found:
                async with self._changed:
                    self._recent = [*self._recent, *found][-_KEPT:]
                    self._seen = found[-1]["seq"]
                    self._changed.notify_all()
            await asyncio.sleep(LOOK_S)

    async def _read(self, after: int) -> Sequence[RowMapping]:
        """Events of the database later than number `after`; none while it does not answer."""
        try:
            return await self._store.database.reading(lambda c: events.after(c, self._run_id, after))
        except DatabaseLostError as error:
            log.warning("events wait for the database", reason=str(error))
        except Exception:
            log.exception("events could not be read", run_id=self._run_id)
        return []


_KEPT = 64
"""Latest events held for those who listen already; a later listener reads the others from the database."""
