"""CSV files as text columns: encoding and delimiter found out, rows numbered as a spreadsheet numbers them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from coverplan.tables.findings import Findings, Message, TableError

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_LINES = 50
WORKBOOK = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
SPACES = " \t\r\n\u00a0\u200b\u202f\ufeff"


@dataclass(frozen=True)
class CsvFormat:
    """How to read a CSV file; None: found out from the file."""

    encoding: str | None = None
    delimiter: str | None = None
    skip: int = 0
    """Lines before the header."""


@dataclass(frozen=True, eq=False)
class TextTable:
    """A CSV file: text columns without surrounding space, blanks as null, blank rows dropped."""

    file: str
    frame: pl.DataFrame
    rows: pl.Series
    """Spreadsheet row of each row of `frame`."""
    delimiter: str

    @property
    def columns(self) -> list[str]:
        return self.frame.columns


def read_text_table(path: Path, form: CsvFormat, findings: Findings) -> TextTable:
    """Read a CSV file as text.

    Raises:
        TableError: the file cannot be opened, decoded or cut into columns, or has no header.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError([Message(f"cannot be read: {error.strerror or error}.", str(path))]) from error
    return parse_text_table(data, path.name, form, findings)


def parse_text_table(data: bytes, file: str, form: CsvFormat, findings: Findings) -> TextTable:
    """The same for bytes in memory; `file` is the name that messages cite."""
    text = _decoded(data, file, form, findings)
    if "\0" in text:
        advice = 'If it is UTF-16, say so: encoding = "utf-16" under [csv].'
        raise TableError([Message("contains zero bytes, as text in UTF-8 does not.", file, suggestion=advice)])
    if "\n" not in text:
        text = text.replace("\r", "\n")
    text, told = _told_delimiter(text)
    lines = form.skip + (1 if told else 0)
    if form.skip:
        text = text.split("\n", form.skip)[-1] if text.count("\n") >= form.skip else ""
    if not text.strip():
        raise TableError([Message("is empty: it needs a header row.", file)])
    delimiter = form.delimiter or told or guessed_delimiter(text)
    raw = _cells(text, delimiter, file, lines)
    numbered = raw.with_columns(pl.all().str.strip_chars(SPACES)).with_columns(pl.all().replace({"": None}))
    rows = pl.select(pl.int_range(lines + 1, lines + 1 + raw.height)).to_series().alias("row")
    blank = numbered.select(pl.all_horizontal(pl.all().is_null())).to_series()
    numbered, rows = numbered.filter(~blank), rows.filter(~blank)
    if not numbered.height:
        raise TableError([Message("is empty: it needs a header row.", file)])
    frame = numbered.slice(1)
    frame.columns = _names(numbered.row(0), file, findings)
    return TextTable(file, frame, rows.slice(1), delimiter)


def guessed_delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the same number of columns most often, the more the better."""
    sample = text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        score = (count / max(len(widths), 1), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _decoded(data: bytes, file: str, form: CsvFormat, findings: Findings) -> str:
    """UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252."""
    if data.startswith((WORKBOOK, OLD_WORKBOOK)):
        raise TableError([Message("is a spreadsheet workbook, not CSV.", file, suggestion="Save the sheet as CSV.")])
    if form.encoding:
        try:
            return data.decode(form.encoding).removeprefix("\ufeff")
        except (LookupError, UnicodeDecodeError) as error:
            raise TableError([Message(f"cannot be decoded as {form.encoding}: {error}.", file)]) from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            advice = 'Say which encoding it has: encoding = "..." under [csv].'
            raise TableError([Message("is neither UTF-8 nor Windows-1252.", file, row, suggestion=advice)]) from error
        findings.note(f"{file} is not UTF-8 (line {row}): read as Windows-1252.")
        return text


def _told_delimiter(text: str) -> tuple[str, str | None]:
    """Excel's first line `sep=;`, removed and obeyed."""
    first, _, rest = text.partition("\n")
    told = first.strip().strip('"')
    if told.lower().startswith("sep=") and len(told) == len("sep=;"):
        return rest, told[-1]
    if first.lower().startswith("sep=\t"):
        return rest, "\t"
    return text, None


def _cells(text: str, delimiter: str, file: str, lines: int) -> pl.DataFrame:
    try:
        return pl.read_csv(
            text.encode("utf-8", errors="replace"),
            separator=delimiter,
            has_header=False,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        return _cells_one_by_one(text, delimiter, file, lines, error)


def _cells_one_by_one(text: str, delimiter: str, file: str, lines: int, cause: Exception) -> pl.DataFrame:
    """What the fast reader refuses: irregular quotes are read, rows that are too long are reported."""
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise TableError([Message(f"is not CSV: {error}.", file)]) from cause
    _refuse_open_quote(text, records, delimiter, file, lines)
    width = next((len(record) for record in records if any(record)), 0)
    advice = f"Put cells that contain a {DELIMITER_NAMES.get(delimiter, delimiter)} in double quotes."
    if width == 1:
        advice = "If lines stand before the header, give their number: skip = 1 under [csv]."
    messages = [
        Message(f"has {len(record)} cells, but the header has {width}.", file, lines + k + 1, suggestion=advice)
        for k, record in enumerate(records)
        if len(record) > width and any(record[width:])
    ]
    if messages:
        raise TableError(messages) from cause
    padded = [(record + [""] * width)[:width] for record in records]
    return pl.DataFrame(padded, schema=[(f"column_{k + 1}", pl.String) for k in range(width)], orient="row")


def _refuse_open_quote(text: str, records: list[list[str]], delimiter: str, file: str, lines: int) -> None:
    try:
        list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            row = lines + len(records)
            advice = "Close the quote, or double the quotes inside a quoted cell."
            raise TableError(
                [Message("a double quote is opened and never closed.", file, row, suggestion=advice)]
            ) from error


def _names(header: tuple[str | None, ...], file: str, findings: Findings) -> list[str]:
    """Column names: a blank one gets its number, a repeated one a count."""
    seen: Counter[str] = Counter()
    names = []
    for k, cell in enumerate(header):
        name = " ".join((cell or f"column {k + 1}").split())
        seen[name] += 1
        if seen[name] > 1:
            findings.note(f'{file}: the header "{name}" occurs again; that column is called "{name} ({seen[name]})".')
            name = f"{name} ({seen[name]})"
        names.append(name)
    return names
