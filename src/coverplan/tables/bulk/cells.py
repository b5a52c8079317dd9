"""Cells: one column as its field's type, and every cell that is none, named."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools
from coverplan.payload.translation import closest
from coverplan.tables.bulk.fields import HOLDER, LOCATION, Field, columns_of, fields_of
from coverplan.tables.bulk.findings import BookFindings, Rows
from coverplan.tables.bulk.sources import Table

SEPARATOR = ";"
CONTROLS = r"[\x00-\x1f\x7f]"
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
EXPECTED = {
    "text": "text",
    "number": "a number",
    "flag": "true or false",
    "date": "a date, as text YYYY-MM-DD",
    "list": "an array",
    "object": "an object",
}


@dataclass(frozen=True, eq=False)
class Cells:
    """Values of one field and where they stand: table row, position in a list, field within an object."""

    table: str
    column: str
    rows: Rows
    values: pl.Series
    is_text: bool = False
    """Numbers and flags are text, as in CSV and in flat lists."""
    places: Rows | None = None
    part: str | None = None

    def take(self, wanted: pl.Series) -> tuple[Rows, pl.Series, Rows | None]:
        """Rows, values and places where a mask holds."""
        chosen = wanted.fill_null(False).arg_true().to_numpy()
        return self.rows[chosen], self.values.gather(chosen), None if self.places is None else self.places[chosen]


def check_columns(table: Table, findings: BookFindings) -> None:
    """Columns that no field stands for, unless they are blank; and fields that are given twice."""
    known = columns_of(table.name)
    unknown = [name for name in table.schema if name not in known]
    if unknown:
        blank = table.columns(*unknown).null_count().row(0)
        wrong = [name for name, nulls in zip(unknown, blank, strict=True) if nulls < table.height]

        def tell(place: int, _path: list[str | int]) -> None:
            hint = closest(wrong[place], known, "field")
            where = f"/problem/{table.name}/0/{wrong[place]}"
            findings.report.add("unknown_field", where, suggestion=hint, field=wrong[place])

        findings.rows("unknown_field", table.name, "", np.zeros(len(wrong), np.int64), tell)
    for nested, flat in (("location", LOCATION), ("current", tuple(HOLDER))):
        twice = [name for name in flat if name in table.schema]
        if nested in known and nested in table.schema and twice:
            where = f"/problem/{table.name}/0/{nested}"
            findings.report.add("duplicate_key", where, value=f"{nested}, {', '.join(twice)}")


def column(table: Table, name: str, findings: BookFindings) -> pl.Series:
    """One field of every row, checked: cells that cannot be read are null and told of."""
    field = fields_of(table.name)[name]
    values = _assembled(table, field)
    flat = field.kind == "list" and table.schema.get(name) == pl.String
    cells = Cells(table.name, name, np.arange(table.height), values, table.is_text or flat)
    if field.required:
        _refuse_missing(cells, values.is_null(), field, findings)
    return _checked(cells, field, findings).alias(name)


def _assembled(table: Table, field: Field) -> pl.Series:
    """The field's column, flat ones put together; all null where there is none."""
    schema = table.schema
    if field.name in schema:
        values = table.column(field.name)
        if field.kind == "list" and values.dtype == pl.String:
            return _split(values, field)
        return values.arr.to_list() if isinstance(values.dtype, pl.Array) else values
    if field.name == "location" and any(name in schema for name in LOCATION):
        frame = table.columns(*(name for name in LOCATION if name in schema))
        given = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        return frame.select(pl.when(given).then(pl.struct(pl.all()))).to_series()
    if field.name == "current" and "current_rep_id" in schema:
        return _holders(table)
    return pl.Series(field.name, [None], pl.Null).new_from_index(0, table.height)


def _split(values: pl.Series, field: Field) -> pl.Series:
    """Lists of the texts between separators; blank ones count only where the place of a value has a meaning."""
    parts = values.str.split(SEPARATOR).list.eval(pl.element().str.strip_chars())
    blank = field.item is not None and field.item.kind == "text"
    return parts.list.eval(pl.element().filter(pl.element() != "")) if blank else parts


def _holders(table: Table) -> pl.Series:
    """`current` from its flat columns: one entry per listed rep."""
    names = [name for name in HOLDER if name in table.schema]
    frame = table.columns(*names).with_row_index("row")
    reps = frame["current_rep_id"]
    if not any(frame[name].dtype == pl.String and frame[name].str.contains(SEPARATOR, literal=True).any()
               for name in names):  # fmt: skip
        entry = pl.struct(pl.col(name).alias(HOLDER[name]) for name in names)
        return frame.select(
            pl.when(pl.any_horizontal(pl.col(names).is_not_null())).then(pl.concat_list(entry))
        ).to_series()
    lists = frame.with_columns(pl.col(name).cast(pl.String).str.split(SEPARATOR) for name in names)
    longest = pl.max_horizontal(pl.col(name).list.len() for name in names)
    lists = lists.with_columns(pl.int_ranges(longest).alias("place")).drop_nulls("place").explode("place")
    lists = lists.filter(pl.col("place").is_not_null()).with_columns(
        pl.col(name).list.get(pl.col("place"), null_on_oob=True).str.strip_chars().replace("", None).alias(HOLDER[name])
        for name in names
    )
    entries = lists.select("row", pl.struct(HOLDER[name] for name in names).alias("current"))
    grouped = entries.group_by("row", maintain_order=True).agg("current")
    return pl.DataFrame({"row": pl.int_range(len(reps), dtype=pl.UInt32, eager=True)}).join(
        grouped, on="row", how="left", maintain_order="left"
    )["current"]


def _refuse_missing(cells: Cells, missing: pl.Series, field: Field, findings: BookFindings) -> None:
    """Issues for the rows that lack what every row needs."""
    if missing.any():
        rows, _, places = cells.take(missing)
        findings.faulty.add((cells.table, cells.column))
        findings.add("missing_field", cells.table, cells.column, rows, places=places, part=cells.part, field=field.name)


def _refuse(cells: Cells, code: str, wanted: pl.Series, findings: BookFindings, **words: str) -> None:
    """Issues for the cells where the mask holds."""
    if not wanted.any():
        return
    rows, values, places = cells.take(wanted)
    findings.faulty.add((cells.table, cells.column))
    findings.add(code, cells.table, cells.column, rows, values, places=places, part=cells.part, entity=None, **words)


def _checked(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    if cells.values.dtype == pl.Null:
        return _blank(cells, field)
    if field.kind == "list":
        return _list(cells, field, findings)
    if field.kind == "object":
        return _object(cells, field, findings)
    values = cells.values
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        cells = replace(cells, values=values.cast(pl.String))
    readers = {"text": _text, "number": _number, "flag": _flag, "choice": _choice, "date": _date}
    return readers[field.kind](cells, field, findings)


def _wrong_type(cells: Cells, field: Field, wrong: pl.Series, findings: BookFindings) -> pl.Series:
    """An all-null column, after telling of the values that are of another type."""
    _refuse(cells, "wrong_type", wrong, findings, expected=EXPECTED[field.kind], found=_found(cells.values.dtype))
    return _blank(cells, field)


def _blank(cells: Cells, field: Field) -> pl.Series:
    """Null for every cell; empty lists for lists."""
    nothing: list[object] | None = [] if field.kind == "list" else None
    return pl.Series(cells.column, [nothing], field.dtype).new_from_index(0, len(cells.values))


def _found(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "a number"
    names = {pl.String: "text", pl.Boolean: "a boolean", pl.List: "an array", pl.Struct: "an object", pl.Date: "text"}
    return names.get(dtype.base_type(), f"a column of type {dtype}")


def _text(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values = cells.values
    if values.dtype != pl.String:
        return _wrong_type(cells, field, values.is_not_null(), findings)
    size = values.str.len_chars()
    short, long = size < field.shortest, size > (field.longest or 2**31)
    spoiled = (
        values.str.contains(CONTROLS) & ~short & ~long if field.plain else pl.repeat(False, len(values), eager=True)
    )
    _refuse(cells, "too_short", short, findings, limit=f"{field.shortest:,}")
    _refuse(cells, "too_long", long, findings, limit=f"{field.longest or 0:,}")
    _refuse(cells, "invalid_characters", spoiled, findings)
    return _without(values, short | long | spoiled)


def _without(values: pl.Series, wrong: pl.Series) -> pl.Series:
    if not wrong.any():
        return values
    return pl.select(pl.when(~wrong).then(values)).to_series()


def _number(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values = cells.values
    if values.dtype == pl.String and cells.is_text:
        numbers = values.cast(pl.Float64, strict=False)
        unread = values.is_not_null() & numbers.is_null()
        _refuse(cells, "wrong_type", unread, findings, expected=EXPECTED["number"], found="text")
    elif values.dtype.is_numeric():
        numbers = values.cast(pl.Float64)
    else:
        return _wrong_type(cells, field, values.is_not_null(), findings)
    infinite = numbers.is_not_null() & ~numbers.is_finite()
    _refuse(cells, "non_finite_number", infinite, findings)
    numbers = _without(numbers, infinite)
    for bound, word, beyond in ((field.least, "at least", numbers.lt), (field.most, "at most", numbers.gt)):
        if bound is not None:
            outside = beyond(bound)
            _refuse(cells, "out_of_range", outside, findings, bound=f"{word} {bound:,g}")
            numbers = _without(numbers, outside)
    return numbers


def _flag(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values = cells.values
    if values.dtype == pl.String and cells.is_text:
        word = values.str.to_lowercase()
        unread = values.is_not_null() & ~word.is_in([*TRUE, *FALSE])
        _refuse(cells, "wrong_type", unread, findings, expected=EXPECTED["flag"], found="text")
        return _without(word.is_in(TRUE), unread | values.is_null())
    return values if values.dtype == pl.Boolean else _wrong_type(cells, field, values.is_not_null(), findings)


def _choice(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    known = cells.values.dtype == pl.String
    values = cells.values if known else cells.values.cast(pl.String, strict=False)
    wrong = values.is_not_null() & ~values.is_in(field.choices) if known else cells.values.is_not_null()
    _refuse(cells, "unknown_value", wrong, findings, choices=", ".join(field.choices))
    return _without(values, wrong)


def _date(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values = cells.values
    if values.dtype == pl.Date:
        return values
    if values.dtype == pl.String:
        strict = values.str.contains(r"^\d{4}-\d{2}-\d{2}$")
        dates = _without(values, ~strict).str.to_date("%Y-%m-%d", strict=False)
    elif values.dtype == pl.Datetime:
        dates = pl.Series([None], dtype=pl.Date).new_from_index(0, len(values))
    else:
        return _wrong_type(cells, field, values.is_not_null(), findings)
    _refuse(cells, "invalid_date", values.is_not_null() & dates.is_null(), findings)
    return dates


def _list(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values, item = cells.values, field.item
    assert item is not None
    if values.dtype != pl.List:
        return _wrong_type(cells, field, values.is_not_null(), findings)
    size = values.list.len()
    if field.longest is not None:
        long = (size > field.longest).fill_null(False)
        _refuse(cells, "too_long", long, findings, limit=f"{field.longest:,}")
        values = _without(values, long)
        size = values.list.len()
    lengths = size.fill_null(0).to_numpy().astype(np.int64)
    inner = values.filter(lengths > 0).explode()
    start = np.cumsum(lengths) - lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(owner)) - start[owner]
    entries = Cells(cells.table, cells.column, cells.rows[owner], inner, cells.is_text, places)
    empty = inner.is_null()
    if empty.any():
        _refuse(entries, "wrong_type", empty, findings, expected=EXPECTED[item.kind], found="null")
    read = _checked(entries, item, findings)
    if (cells.table, cells.column) in findings.faulty or (read.dtype.is_nested() and read.dtype != inner.dtype):
        return _relisted(read, owner, lengths)
    return values.cast(field.dtype).fill_null([])


def _relisted(inner: pl.Series, owner: Rows, lengths: Rows) -> pl.Series:
    """Lists again from their entries; empty where there are none."""
    if len(inner) == 0:
        return pl.Series([[]], dtype=pl.List(inner.dtype)).new_from_index(0, len(lengths))
    lists = pl.DataFrame({"row": owner, "entry": inner}).group_by("row", maintain_order=True).agg("entry")
    rows = pl.DataFrame({"row": pl.Series(np.arange(len(lengths)), dtype=pl.Int64)})
    return rows.join(lists, on="row", how="left", maintain_order="left")["entry"].fill_null([])


def _object(cells: Cells, field: Field, findings: BookFindings) -> pl.Series:
    values = cells.values
    if values.dtype != pl.Struct:
        return _wrong_type(cells, field, values.is_not_null(), findings)
    given: Bools = values.is_not_null().to_numpy()
    held = values.struct.unnest()
    known = {part.name: part for part in field.parts}
    for name in held.columns:
        if name not in known:
            there = held[name].is_not_null() & pl.Series(given)
            _refuse(replace(cells, values=held[name], part=name), "unknown_field", there, findings, field=name)
    parts = []
    for name, part in known.items():
        inner = held[name] if name in held.columns else pl.Series(name, [None], pl.Null).new_from_index(0, len(values))
        one = replace(cells, values=inner, part=name)
        if part.required:
            _refuse_missing(one, inner.is_null() & pl.Series(given), part, findings)
        parts.append(_checked(one, part, findings).alias(name))
    return pl.select(pl.when(pl.Series(given)).then(pl.struct(parts)).alias(cells.column)).to_series()
