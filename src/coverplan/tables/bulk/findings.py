"""What is wrong with a book of tables: the first rows of each rule, and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from coverplan.payload.issues import Issue, IssueReport, pointer

ROWS_PER_RULE = 20
AT = "/problem"

Rows = npt.NDArray[np.int64]
Path = list[str | int]


@dataclass
class BookFindings:
    """Collects issues by rule: a code in a column. The first 20 rows of each are kept, all are counted.

    Pointers are those of the document that the book stands for: `/problem/accounts/3/territory_id`, rows from 0.
    """

    report: IssueReport = field(default_factory=IssueReport)
    faulty: set[tuple[str, str]] = field(default_factory=set)
    """(table, column) with cells that could not be read: what refers to them is not checked."""
    names: dict[str, Callable[[int], str | None]] = field(default_factory=dict)
    """By table: the id of a row."""
    kept: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def rows(self, code: str, table: str, column: str, rows: Rows, tell: Callable[[int, Path], None]) -> None:
        """Tell of the first of these rows; `tell` gets the place in `rows` and the path, and adds one issue."""
        if not len(rows):
            return
        rule = (code, table, column)
        shown = min(len(rows), max(0, ROWS_PER_RULE - self.kept.get(rule, 0)))
        self.kept[rule] = self.kept.get(rule, 0) + shown
        for place in range(shown):
            tell(place, [table, int(rows[place]), *([column] if column else [])])
        left = len(rows) - shown
        self.report.count(code, left)
        if left:
            name = f"{table}.{column}" if column else table
            self.report.more[f"{name} [{code}]"] = self.report.more.get(f"{name} [{code}]", 0) + left

    def add(
        self,
        code: str,
        table: str,
        column: str,
        rows: Rows,
        values: pl.Series | None = None,
        *,
        places: Rows | None = None,
        part: str | None = None,
        entity: Callable[[int], tuple[str, str | None] | None] | None = None,
        **words: str,
    ) -> None:
        """Issues of one code at these rows; `places` are positions in a list, `part` a field within."""

        def tell(place: int, path: Path) -> None:
            inner: Path = [*path, *([] if places is None else [int(places[place])]), *([] if part is None else [part])]
            about = self.entity(table, int(rows[place])) if entity is None else entity(place)
            value = None if values is None else _shown(values[place])
            self.report.add(code, pointer(AT, inner), value=value, entity=about, **words)

        self.rows(code, table, column, rows, tell)

    def take(self, issue: Issue, owner: str | None) -> None:
        """Take over an issue of the document's own checks, unless a fault may have caused it.

        `owner` is the table whose ids it looked at.
        """
        table, row, column, *_ = [*issue.pointer.removeprefix(AT + "/").split("/"), "", ""]
        if not self.sound((table, column or "id"), *([] if owner is None else [(owner, "id")])):
            return

        def tell(_place: int, _path: Path) -> None:
            kept = self.report.errors if issue.severity == "error" else self.report.warnings
            kept.append(issue)
            self.report.count(issue.code, 1)

        self.rows(issue.code, table, column, np.array([int(row) if row.isdigit() else 0]), tell)

    def entity(self, table: str, row: int) -> tuple[str, str | None]:
        """What a row of a table is about."""
        kind = {"territories": "territory", "fit": "fit"}.get(table, table.removesuffix("s"))
        name = self.names.get(table)
        return kind, None if name is None else name(row)

    def sound(self, *columns: tuple[str, str]) -> bool:
        """Whether these columns could be read throughout."""
        return not self.faulty & set(columns)


def _shown(value: object) -> object:
    """A cell as an issue can show it."""
    if isinstance(value, pl.Series):
        return value.to_list()
    return value if isinstance(value, str | int | float | bool | dict | None) else str(value)
