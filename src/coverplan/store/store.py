"""The database and the blobs of one deployment, together."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from coverplan.settings import Settings
from coverplan.store.blobs import Blobs
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import migrate
from coverplan.store.privacy import keep_private

_LAST_WORDS_S = 0.05


@dataclass(frozen=True)
class Store:
    """What services and workers share."""

    database: Database
    blobs: Blobs

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open both, and bring the tables up to date.

        Raises:
            DatabaseLostError: the database does not answer.
            BlobLostError: the blobs cannot be opened.
            SchemaError: the tables are a later version's, or those of none.
        """
        if settings.database_url is None or settings.blob_url is None:
            keep_private(settings.data_dir)
        store = cls(Database.open(settings.database), Blobs(settings.blobs))
        migrate(store.database)
        return store

    @asynccontextmanager
    async def naming(self, *blobs: str) -> AsyncIterator[None]:
        """A block whose transaction names blobs that were written before: they go again where it surely did not.

        Where that is not known they stay, and what no row names is swept later.
        """
        try:
            yield
        except Exception as error:
            if not isinstance(error, DatabaseLostError) or error.undone:
                await self.blobs.drop_all(blobs)
            raise

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
        # The threads of the blob store abort an interpreter that ends while they are still handing over a result.
        time.sleep(_LAST_WORDS_S)
