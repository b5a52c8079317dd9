"""What a mapping says: which column, constant or default fills which field of which table."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from coverplan.tables.conditions import Comparison
from coverplan.tables.text_table import CsvFormat

AS_FOUND = CsvFormat()
Constant = str | float | bool | list[object] | None


@dataclass(frozen=True)
class Source:
    """Where the values of one field come from and how they are changed on the way."""

    columns: tuple[str, ...] = ()
    constant: Constant = None
    default: Constant = None
    factor: float = 1.0
    per: str | None = None
    at_least: float | None = None
    decimal: str | None = None
    date: str | None = None
    split: str = ";"
    words: Dict[str, str] = field(default_factory=dict)
    match: str = "id"
    parent: bool = False
    pad: int = 0


@dataclass(frozen=True)
class Section:
    """The part of a mapping for one table."""

    table: str
    origin: str
    """The file its rows come from, by table name."""
    where: tuple[Comparison, ...] = ()
    fields: Dict[str, Source] = field(default_factory=dict)
    groups: tuple[Source, ...] = ()
    """Territories only: the levels above, the nearest first."""
    owners: Dict[str, Dict[str, Source]] = field(default_factory=dict)
    """Accounts only: role -> sources of `rep_id` and `since`, beside the first role's `owner`."""
    csv: CsvFormat = AS_FOUND


@dataclass(frozen=True)
class Override:
    """Fields of one rep, account, manager or territory set after the mapping, in the words of the document."""

    id: str
    table: str | None
    note: str | None
    fields: Dict[str, object]


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file."""

    file: str
    sections: Dict[str, Section]
    currency: str | None = None
    horizon: Dict[str, object] | None = None
    segments: tuple[Dict[str, object], ...] = ()
    fit: tuple[Dict[str, object], ...] = ()
    overrides: tuple[Override, ...] = ()
    decimal: str | None = None
    date: str | None = None
    csv: CsvFormat = AS_FOUND
