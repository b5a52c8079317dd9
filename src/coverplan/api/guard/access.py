"""Which keys are let in: looked up in the database, remembered for a moment."""

from __future__ import annotations

import math
import time

from coverplan.settings import Settings, is_loopback
from coverplan.store import keys
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.keys import ApiKey

REMEMBERED_S = 2.0
"""So soon a new key, or one that is revoked, is noticed."""
_HELD_S = 60.0
"""So long it holds while the database does not answer."""
_MOST_REMEMBERED = 1000


class Access:
    """The keys of one service."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._known: dict[bytes, tuple[ApiKey, float]] = {}
        self._keys_exist, self._asked_at = False, -math.inf

    async def key(self, secret: str) -> ApiKey | None:
        """The key of this secret; None: there is none, or it is revoked.

        Raises:
            DatabaseLostError: the database does not answer, and the key was not seen within a minute.
        """
        digest, now = keys.digest_of(secret), time.monotonic()
        remembered, at = self._known.get(digest, (None, -math.inf))
        if now < at + REMEMBERED_S:
            return remembered
        try:
            found = await self._database.reading(lambda connection: keys.find(connection, digest))
        except DatabaseLostError:
            if now < at + _HELD_S:
                return remembered
            raise
        self._known.pop(digest, None)
        if found is not None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[digest] = (found, now)
        return found

    async def is_open(self) -> bool:
        """Whether a call needs no key.

        Raises:
            DatabaseLostError: the database does not answer, and did not within a minute.
        """
        if self._settings.require_keys == "never":
            return True
        if self._settings.require_keys == "always" or not may_be_open(self._settings):
            return False
        now = time.monotonic()
        if not self._keys_exist and now >= self._asked_at + REMEMBERED_S:
            try:
                self._keys_exist = await self._database.reading(keys.exist)
                self._asked_at = now
            except DatabaseLostError:
                if now >= self._asked_at + _HELD_S:
                    raise
        return not self._keys_exist


def may_be_open(settings: Settings) -> bool:
    """Whether the address admits calls without a key: other machines do not reach it, or it was said to be safe."""
    return settings.insecure or is_loopback(settings.host)
