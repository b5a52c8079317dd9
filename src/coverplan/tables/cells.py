"""From text columns to typed fields: one reader per table, every refused cell located."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from coverplan.tables import dates
from coverplan.tables.fields import MONTHS_OF, Field
from coverplan.tables.findings import Findings, Message, did_you_mean
from coverplan.tables.mapping import Section, Source
from coverplan.tables.numbers import Marks, marks, parse_numbers
from coverplan.tables.text_table import TextTable

YES = ("true", "yes", "y", "1", "x", "t", "ja", "oui", "si", "wahr", "checked")
NO = ("false", "no", "n", "0", "f", "nein", "non", "falsch", "unchecked")
BLANK_TEXT = ("null", "#n/a", "none")
SCIENTIFIC = r"^\d(?:[.,]\d+)?[eE]\+\d+$"
BROKEN = r"^#(?:REF|NAME|VALUE|DIV/0|NUM|NULL)[!?]$"
MAX_ID = 200
CHOICE_WORDS = {
    "customer": ("customer", "client", "existing", "kunde", "active customer"),
    "prospect": ("prospect", "lead", "new", "target", "interessent"),
    "active": ("active", "employed", "aktiv"),
    "hired": ("hired", "hire", "starting", "signed"),
    "open": ("open", "vacant", "tbh", "to be hired"),
}


@dataclass(frozen=True, eq=False)
class Cells:
    """Reads the fields of one section from the rows that its condition admits."""

    table: TextTable
    section: Section
    findings: Findings
    months: float
    """Length of the horizon, for amounts given per week, month, quarter or year."""
    decimal: str | None = None
    date: str | None = None

    def find(self, column: str, *, of: str) -> str | None:
        """The column of that name, spelt exactly or apart from case and spaces; None (and an error) if absent."""
        if column in self.table.columns:
            return column
        loose = {"".join(name.casefold().split()): name for name in self.table.columns}
        found = loose.get("".join(column.casefold().split()))
        if found is None:
            advice = did_you_mean(column, self.table.columns)
            text = f'has no column "{column}", which [{self.section.table}] {of} names.'
            self.findings.error(Message(text, self.table.file, suggestion=advice))
        return found

    def admitted(self) -> pl.Series:
        """A mask of the rows that `where` admits."""
        mask = pl.repeat(True, self.table.frame.height, dtype=pl.Boolean, eager=True)
        for comparison in self.section.where:
            column = self.find(comparison.column, of="where")
            if column is not None:
                cells = self.table.frame[column]
                decimal = self.decimal_told(column) or self.decimal_of(column, cells) if comparison.numeric else None
                mask = mask & comparison.holds(cells, decimal or ".")
        return mask

    def decimal_told(self, column: str) -> str | None:
        """The decimal mark that the mapping gives the column, for a field that it fills or for all."""
        told = (source.decimal for source in self.section.fields.values() if column in source.columns)
        return next((decimal for decimal in told if decimal), self.decimal)

    def read(self, name: str, source: Source, field: Field) -> pl.Series | None:
        """The field's values for every row of the file; None where a column is missing."""
        height = self.table.frame.height
        if not source.columns:
            values = pl.Series(name, [source.constant] * height, dtype=None if height else pl.String, strict=False)
            return values.str.to_date() if field.kind == "date" and source.constant is not None else values
        columns = [column for column in (self.find(c, of=name) for c in source.columns) if column]
        if len(columns) < len(source.columns):
            return None
        read = [self.one(column, source, field) for column in columns]
        if field.kind in ("labels", "references") and len(read) == 1:
            values = self.split(read[0], source)
        elif field.kind in ("labels", "references", "numbers"):
            values = pl.DataFrame([part.alias(str(k)) for k, part in enumerate(read)]).select(
                pl.concat_list(pl.all()).list.drop_nulls().alias(name)
            )[name]
        else:
            if len(read) > 1:
                text = f"[{self.section.table}] {name} takes one column, but {len(read)} are named."
                self.findings.error(Message(text, self.table.file))
            values = read[0]
        return self.with_default(values.alias(name), source)

    def with_default(self, values: pl.Series, source: Source) -> pl.Series:
        blank = values.list.len() == 0 if values.dtype.base_type() is pl.List else values.is_null()
        if source.default is None or not blank.any():
            return values
        self.findings.note(
            f"default: {self.section.table}.{values.name} = {source.default!r} where the cell is blank "
            f"({int(blank.sum()):,} of {len(values):,} rows)"
        )
        default = pl.lit(source.default)
        default = default.str.to_date() if values.dtype == pl.Date else default
        return values.to_frame().select(pl.when(~blank).then(values.name).otherwise(default).alias(values.name))[
            values.name
        ]

    def split(self, cells: pl.Series, source: Source) -> pl.Series:
        """Lists from cells that hold several labels."""
        strip = pl.element().str.strip_chars()
        return cells.to_frame("cell").select(
            pl.col("cell")
            .str.split(source.split)
            .list.eval(strip.filter(strip != ""))
            .fill_null(pl.lit([], dtype=pl.List(pl.String)))
            .alias("cell")
        )["cell"]

    def one(self, column: str, source: Source, field: Field) -> pl.Series:
        """One column, read by kind."""
        cells = self.table.frame[column]
        self.refuse(
            column, cells.str.contains(BROKEN), "is a spreadsheet's error value.", "Repair the sheet's formula."
        )
        if source.words:
            cells = cells.replace(source.words)
        if field.kind in ("number", "numbers"):
            return self.numbers(column, cells, source, field)
        if field.kind == "date":
            return self.days(column, cells, source)
        if field.kind == "flag":
            return self.flags(column, cells)
        cells = cells.to_frame("c").select(
            pl.when(~pl.col("c").str.to_lowercase().is_in(BLANK_TEXT)).then("c").alias("c")
        )["c"]
        if field.kind == "choice":
            return self.choices(column, cells, field)
        if field.kind == "text":
            return cells.str.slice(0, 500)
        if field.kind in ("id", "reference", "references"):
            cells = self.ids(column, cells, source)
        one_label = field.kind != "labels"
        self.refuse(column, (cells.str.len_chars() > MAX_ID) & one_label, f"is longer than {MAX_ID} characters.")
        self.refuse(
            column, cells.str.contains(r"[\x00-\x1f\x7f]"), "contains a line break or another control character."
        )
        return cells

    def ids(self, column: str, cells: pl.Series, source: Source) -> pl.Series:
        """Ids as text; what a spreadsheet has done to them is undone where nothing was lost, and refused otherwise."""
        lost = "was an id that a spreadsheet turned into a rounded number: its last digits are lost."
        self.refuse(column, cells.str.contains(SCIENTIFIC), lost, "Export again with the column as text.")
        decimals = cells.str.contains(r"^\d+\.0+$").fill_null(False)
        if decimals.any():
            first = int(decimals.arg_max() or 0)
            text = (
                f"'{cells[first]}' and {int(decimals.sum()) - 1:,} more ids end in .0, as a spreadsheet or data tool "
                "writes whole numbers: read without it."
            )
            self.findings.warn(Message(text, self.table.file, int(self.table.rows[first]), column))
            cells = cells.str.replace(r"^(\d+)\.0+$", "$1")
        return cells.str.zfill(source.pad) if source.pad else cells

    def numbers(self, column: str, cells: pl.Series, source: Source, field: Field) -> pl.Series:
        decimal = source.decimal or self.decimal or self.decimal_of(column, cells)
        if decimal is None:
            return pl.repeat(None, len(cells), dtype=pl.Float64, eager=True)
        values, wrong = parse_numbers(cells, decimal)
        self.refuse(
            column, wrong, f"is not a number (decimal mark: {decimal}).", 'Clean it, or say decimal = "," or ".".'
        )
        values = values * source.factor * self.periods(source, field)
        if source.at_least is not None:
            values = values.clip(lower_bound=source.at_least)
        if field.lowest is not None:
            advice = "Correct it, or say at_least = 0." if field.lowest == 0 else None
            self.refuse(column, values < field.lowest, f"is below {field.lowest:g}.", advice)
        if field.highest is not None:
            self.refuse(column, values > field.highest, f"is above {field.highest:g}.")
        return values

    def periods(self, source: Source, field: Field) -> float:
        """How many of the periods of `per` there are in the horizon, or in a year for yearly amounts."""
        if source.per is None:
            return 1.0
        return (12.0 if field.base == "yearly_money" else self.months) / MONTHS_OF[source.per]

    def decimal_of(self, column: str, cells: pl.Series) -> str | None:
        """The column's decimal mark; None (and an error) where it cannot be told."""
        found = marks(cells)
        if found.contradictory:
            text = f"'{found.point}' has a decimal point, but '{found.comma}' a decimal comma: the column mixes both."
            row = self.row_of(cells, found.comma)
            self.findings.error(Message(text, self.table.file, row, column, "Make the column uniform."))
            return None
        if found.decimal or not found.either:
            return found.decimal or "."
        if (elsewhere := self.elsewhere().decimal) is not None:
            return elsewhere
        if self.table.delimiter == ",":
            return "."
        left, right = found.either.replace(",", "."), found.either.replace(",", "").replace(".", "")
        text = f"'{found.either}' may be {left} or {right}, and no other number of the file shows the decimal mark."
        row = self.row_of(cells, found.either)
        self.findings.error(Message(text, self.table.file, row, column, 'Say decimal = "." or "," under [csv].'))
        return None

    def elsewhere(self) -> Marks:
        """The evidence of all columns that the section reads as numbers."""
        total = Marks()
        for source in self.section.fields.values():
            for column in source.columns:
                if column in self.table.columns:
                    total = total | marks(self.table.frame[column])
        return total

    def row_of(self, cells: pl.Series, cell: str | None) -> int | None:
        found = (cells == cell).arg_max()
        return None if found is None else int(self.table.rows[found])

    def days(self, column: str, cells: pl.Series, source: Source) -> pl.Series:
        form = source.date or self.date
        values, wrong = dates.parse_dates(cells, form)
        for at in wrong.arg_true():
            text, advice = dates.explain(cells[at])
            if form:
                text, advice = f"'{cells[at]}' is not a date of the form {form}.", "Correct it, or the format."
            self.findings.error(Message(text, self.table.file, int(self.table.rows[at]), column, advice))
        return values

    def flags(self, column: str, cells: pl.Series) -> pl.Series:
        low = cells.str.to_lowercase()
        self.refuse(column, ~low.is_in(YES + NO), "is neither yes nor no.", "Write true or false, or give a map.")
        return low.to_frame("c").select(pl.when(pl.col("c").is_not_null()).then(pl.col("c").is_in(YES)).alias("c"))["c"]

    def choices(self, column: str, cells: pl.Series, field: Field) -> pl.Series:
        low = cells.str.to_lowercase().str.strip_chars()
        words = {word: choice for choice in field.choices for word in (choice, *CHOICE_WORDS.get(choice, ()))}
        advice = f'Say what it means: map = {{ "..." = "{field.choices[0]}" }}.'
        self.refuse(column, ~low.is_in(list(words)), f"is none of {', '.join(field.choices)}.", advice)
        return low.replace_strict(words, default=None, return_dtype=pl.String)

    def refuse(self, column: str, wrong: pl.Series, text: str, suggestion: str | None = None) -> None:
        """An error for every admitted row that is wrong."""
        for at in wrong.fill_null(False).arg_true():
            cell = str(self.table.frame[column][at])
            shown = cell if len(cell) <= 60 else cell[:57] + "..."
            self.findings.error(
                Message(f"{shown!r} {text}", self.table.file, int(self.table.rows[at]), column, suggestion)
            )
