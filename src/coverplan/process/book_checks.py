"""The one job of a child that checks datasets: it needs no solver, and is ready sooner without one."""

from __future__ import annotations

from collections.abc import Callable

from coverplan.payload.datasets import CheckBook
from coverplan.process import channel
from coverplan.process.channel import Order
from coverplan.tables.bulk.intake import check_book as checked


def warm_up() -> None:
    """Nothing is left to import."""


def check_book(order: Order) -> None:
    """Check tables as they were sent; the result says what is wrong with them."""
    request = CheckBook.model_validate_json((order.folder / channel.REQUEST_FILE).read_bytes())
    result = checked(request).model_dump_json()
    (order.folder / channel.RESULT_FILE).write_text(result, encoding="utf-8")


JOBS: dict[str, Callable[[Order], None]] = {"check_book": check_book}
