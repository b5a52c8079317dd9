"""Experiments and batches as they go on, for any number of listeners: one look serves all who follow the same.

Unlike a run they have no events of their own: an event is a state, as it replaces the one before. Its id is a digest of
the state, so that a listener who comes back hears of it only where it has changed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from fastapi.sse import format_sse_event

from coverplan.api.streaming.events import PING, PING_S
from coverplan.payload.base import Document
from coverplan.store.database import DatabaseLostError

LOOK_S = 0.5
_SHARE = 0.1
"""Share of the time that looks may take: to count 100,000 runs takes a while, and is done less often."""
_ESTIMATES = {"remaining_s"}
"""Fields that change by themselves, which is no news."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Told:
    """A state as an event."""

    id: str
    event: bytes
    is_last: bool

    @classmethod
    def of(cls, state: Document, *, ended: bool) -> Told:
        """`progress`, or `ended`."""
        digest = hashlib.sha256(state.model_dump_json(exclude=_ESTIMATES).encode()).hexdigest()[:16]
        kind = "ended" if ended else "progress"
        return cls(digest, format_sse_event(event=kind, data_str=state.model_dump_json(), id=digest), ended)

    @classmethod
    def deleted(cls, about: Mapping[str, str]) -> Told:
        """What is so named is there no more."""
        return cls("", format_sse_event(event="deleted", data_str=json.dumps(dict(about))), is_last=True)


Look = Callable[[], Awaitable[Told]]


class Watch:
    """Follows experiments and batches as long as somebody listens."""

    def __init__(self) -> None:
        self._followed: dict[str, _Followed] = {}

    async def events(self, name: str, look: Look, heard: str | None) -> AsyncGenerator[bytes, None]:
        """States of what has this name from the one with the id `heard` on, until it has ended.

        A listener who has heard the last one hears it again.
        """
        followed = self._followed.get(name)
        if followed is None:
            followed = self._followed[name] = _Followed(name, look)
        followed.listeners += 1
        try:
            while True:
                told = await followed.news(heard)
                if told is None:
                    yield PING
                    continue
                yield told.event
                if told.is_last:
                    return
                heard = told.id
        finally:
            followed.listeners -= 1
            if not followed.listeners:
                followed.stop()
                self._followed.pop(name, None)


class _Followed:
    """One experiment or batch that is listened to."""

    def __init__(self, name: str, look: Look) -> None:
        self.listeners = 0
        self._name = name
        self._look = look
        self._told: Told | None = None
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._keep_looking())

    async def news(self, heard: str | None) -> Told | None:
        """The latest state unless it was heard; waits a while for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PING_S), self._changed:
                await self._changed.wait_for(lambda: self._is_news(heard))
                return self._told
        return None

    def stop(self) -> None:
        """Nobody listens any more."""
        self._task.cancel()

    def _is_news(self, heard: str | None) -> bool:
        return self._told is not None and (self._told.id != heard or self._told.is_last)

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await self._look_once()
            await asyncio.sleep(max(LOOK_S, (loop.time() - began) / _SHARE))

    async def _look_once(self) -> None:
        """Hold what there is now; while the database does not answer, what there was."""
        try:
            told = await self._look()
        except DatabaseLostError as error:
            log.warning("events wait for the database", reason=str(error))
        except Exception:
            log.exception("a state could not be read", about=self._name)
        else:
            async with self._changed:
                self._told = told
                self._changed.notify_all()
