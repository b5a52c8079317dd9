"""Changes of several runs in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection, text

from coverplan.jobs.together import Together
from coverplan.store.database import Database, DatabaseLostError


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url)
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))
    yield opened
    opened.close()


def _numbers(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT number FROM numbers ORDER BY number")).scalars())


class _Inserts:
    """Inserts numbers, doubles being the answers, and remembers which came together."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def __call__(self, connection: Connection, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        for item in items:
            connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": item})
        return [2 * item for item in items]


def test_what_is_asked_for_at_once_is_one_transaction_with_an_answer_each(database: Database) -> None:
    inserts = _Inserts()

    async def play() -> list[int]:
        together = Together(database, inserts)
        return await asyncio.gather(*(together.write(number) for number in (3, 1, 2)))

    assert asyncio.run(play()) == [6, 2, 4]
    assert inserts.groups == [[3, 1, 2]]
    assert _numbers(database) == [1, 2, 3]


def test_the_first_lingers_for_others(database: Database) -> None:
    """The second comes within the 0.3 s that the first waits."""
    inserts = _Inserts()

    async def play() -> None:
        together = Together(database, inserts, lambda: 0.3)
        first = asyncio.create_task(together.write(1))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, together.write(2))

    asyncio.run(play())
    assert inserts.groups == [[1, 2]]


def test_a_change_that_fails_takes_no_other_with_it(database: Database) -> None:
    """2 is there already: the group of three is undone, then each is made alone, and only 2 fails."""
    with database.begin() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (2)"))
    inserts = _Inserts()

    async def play() -> list[int | BaseException]:
        together = Together(database, inserts)
        return await asyncio.gather(*(together.write(number) for number in (1, 2, 3)), return_exceptions=True)

    first, second, third = asyncio.run(play())
    assert (first, third) == (2, 6)
    assert isinstance(second, Exception)
    assert _numbers(database) == [1, 2, 3]


def test_a_lost_database_is_told_to_all_and_is_asked_again_later(database: Database) -> None:
    lost = True

    def change(_connection: Connection, items: Sequence[int]) -> list[int]:
        if lost:
            raise DatabaseLostError("gone")
        return list(items)

    async def play() -> None:
        nonlocal lost
        together = Together(database, change)
        answers = await asyncio.gather(together.write(1), together.write(2), return_exceptions=True)
        assert [type(answer) for answer in answers] == [DatabaseLostError, DatabaseLostError]
        lost = False
        assert await together.write(3) == 3

    asyncio.run(play())
