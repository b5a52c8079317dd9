"""Mapped rows: one typed frame per table, without duplicates, each row with the file and row it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from coverplan.tables.cells import Cells
from coverplan.tables.fields import FIELDS, KEYS
from coverplan.tables.findings import Findings, Message
from coverplan.tables.mapping import Mapping, Section
from coverplan.tables.text_table import TextTable

ROW = "row"
OWNER_PREFIX = "owner of "
"""Column of a further role's owner: the prefix and the role; the date has `since` for `owner`."""
SINCE_PREFIX = "since of "


@dataclass(frozen=True, eq=False)
class Rows:
    """One table after mapping; `frame` has the field columns and `row`, the spreadsheet row."""

    table: str
    file: str
    frame: pl.DataFrame
    columns: dict[str, str]
    """Field -> column of the file, for messages."""

    def message(self, at: int, field: str, text: str, suggestion: str | None = None) -> Message:
        """A message about the field of row `at` of the frame."""
        row = self.frame[ROW][at]
        return Message(text, self.file, None if row is None else int(row), self.columns.get(field, field), suggestion)

    def with_frame(self, frame: pl.DataFrame) -> Rows:
        return replace(self, frame=frame)


def mapped_rows(section: Section, table: TextTable, mapping: Mapping, months: float, findings: Findings) -> Rows:
    """Read the rows of one section from its file."""
    everything = Cells(table, section, findings, months, mapping.decimal, mapping.date)
    mask = everything.admitted()
    if section.where:
        findings.note(
            f"{section.table}: {int(mask.sum()):,} of {table.frame.height:,} rows of {table.file} meet `where`"
        )
    admitted = TextTable(table.file, table.frame.filter(mask), table.rows.filter(mask), table.delimiter)
    cells = replace(everything, table=admitted)
    columns: dict[str, pl.Series] = {ROW: admitted.rows}
    names: dict[str, str] = {}
    for name, field in FIELDS[section.table].items():
        source = section.fields.get(name)
        if source is None:
            continue
        values = cells.read(name, source, field)
        if values is not None:
            columns[name] = values
            names[name] = source.columns[0] if source.columns else name
        if not source.columns:
            findings.note(
                f"constant: {section.table}.{name} = {source.constant!r} for all {admitted.frame.height:,} rows"
            )
    if "last_year_months" in columns:
        columns["last_year_months"] = _where_partial(columns["last_year_months"], section, admitted)
    for role, sources in section.owners.items():
        for key, prefix, name in (("rep_id", OWNER_PREFIX, "owner"), ("since", SINCE_PREFIX, "owner_since")):
            values = cells.read(prefix + role, sources[key], FIELDS["accounts"][name]) if key in sources else None
            if values is not None:
                columns[prefix + role] = values
                names[prefix + role] = sources[key].columns[0] if sources[key].columns else role
    for level, source in enumerate(section.groups):
        found = cells.find(source.columns[0], of="group")
        if found is not None:
            columns[f"group {level}"] = admitted.frame[found].replace(dict(source.words))
            names[f"group {level}"] = found
    rows = Rows(section.table, table.file, pl.DataFrame(columns), names)
    if section.origin == section.table:
        return _without_copies(rows, findings)
    return _one_row_each(rows, findings)


def _where_partial(months: pl.Series, section: Section, table: TextTable) -> pl.Series:
    """The months of the last year; null, a whole one, where it is blank: an earlier column is then the last."""
    years = section.fields["revenue_history"].columns if "revenue_history" in section.fields else ()
    if not years or years[-1] not in table.columns:
        return months
    blank = table.frame[years[-1]].is_null()
    return pl.select(pl.when(~blank).then(months).alias(months.name)).to_series()


def _without_copies(rows: Rows, findings: Findings) -> Rows:
    """Refuse rows without a key and rows that contradict an earlier one; drop exact repetitions with a warning."""
    keys = [key for key in KEYS[rows.table] if key in rows.frame.columns]
    if len(keys) < len(KEYS[rows.table]):
        return rows
    for key in keys:
        for at in rows.frame[key].is_null().arg_true():
            advice = f'Fill it, or leave such rows out: where = "`{rows.columns.get(key, key)}` is not blank".'
            findings.error(rows.message(at, key, "is blank, but every row needs it.", advice))
    fields = [name for name in rows.frame.columns if name != ROW]
    first = rows.frame.group_by(keys, maintain_order=True).agg(pl.col(ROW).first().alias("first"))
    again = rows.frame.join(first, on=keys, how="left", nulls_equal=True).filter(pl.col("first") != pl.col(ROW))
    if again.height:
        _report_copies(rows, again, fields, keys, findings)
    return rows.with_frame(rows.frame.unique(keys, keep="first", maintain_order=True))


def _report_copies(rows: Rows, again: pl.DataFrame, fields: list[str], keys: list[str], findings: Findings) -> None:
    originals = rows.frame.join(again.select(first="first").unique(), left_on=ROW, right_on="first", how="semi")
    by_row = {row[ROW]: row for row in originals.to_dicts()}
    for row in again.to_dicts():
        original = by_row[row["first"]]
        if row[keys[0]] is None:
            continue
        name = " and ".join(f"'{row[key]}'" for key in keys)
        different = [rows.columns.get(field, field) for field in fields if row[field] != original[field]]
        place = (rows.file, int(row[ROW]), rows.columns.get(keys[0], keys[0]))
        if different:
            text = f"{name} already stands in row {row['first']}, with another {', '.join(different)}."
            findings.error(Message(text, *place, "Keep one of the rows."))
        else:
            findings.warn(Message(f"{name} repeats row {row['first']} exactly: ignored.", *place))


def _one_row_each(rows: Rows, findings: Findings) -> Rows:
    """Rows taken from another table: one per id, lists united, else the only value given; contradictions are errors."""
    frame = rows.frame.filter(pl.col("id").is_not_null()) if "id" in rows.frame.columns else rows.frame
    fields = [name for name in frame.columns if name not in ("id", ROW)]
    if not frame.height or "id" not in frame.columns:
        return rows.with_frame(frame)
    lists = [name for name in fields if frame[name].dtype.base_type() is pl.List]
    single = [name for name in fields if name not in lists]
    merged = frame.group_by("id", maintain_order=True).agg(
        pl.col(ROW).first(),
        *(pl.col(name).explode().drop_nulls().unique(maintain_order=True) for name in lists),
        *(pl.col(name).drop_nulls().first() for name in single),
        *(pl.col(name).drop_nulls().n_unique().alias(f"{name} count") for name in single),
    )
    for name in single:
        for row in merged.filter(pl.col(f"{name} count") > 1).to_dicts():
            other = frame.filter((pl.col("id") == row["id"]) & (pl.col(name) != pl.lit(row[name])))
            place = (rows.file, int(other[ROW][0]), rows.columns.get(name, name))
            text = f"'{other[name][0]}' for '{row['id']}', but row {row[ROW]} says '{row[name]}'."
            findings.error(Message(text, *place, "Make them agree."))
    return rows.with_frame(merged.select("id", ROW, *fields))
