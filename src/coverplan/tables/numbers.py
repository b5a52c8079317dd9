"""Numbers as people write them: `$1,234.50`, `1.234,50 EUR`, `(200)`, `12 %`, `1'000`.

Whether the point or the comma is the decimal mark is read off the column: `1,234.50`, `0.5` and `1.234.567` can
be read one way only. A column in which every number can be read both ways (`1,234`, `5.000`) takes what the
other columns of the file show; failing that, a comma-delimited file has decimal points, and any other is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

BLANK = ("", "-", "\u2013", "\u2014", "n/a", "na", "null", "none", "nan", "#n/a", ".")
CURRENCY = r"(?:US\$|[A-Z]{3}|[$€£¥₹])"
GROUPING_SPACE = r"[ '\u2019\u00a0\u202f]"


@dataclass(frozen=True)
class Marks:
    """What the numbers of a column or file show about the decimal mark."""

    point: str | None = None
    """A number that only a decimal point explains, as written."""
    comma: str | None = None
    """A number that only a decimal comma explains."""
    either: str | None = None
    """A number that is a different amount under each."""

    @property
    def decimal(self) -> str | None:
        """The decimal mark where the evidence agrees."""
        if bool(self.point) == bool(self.comma):
            return None
        return "." if self.point else ","

    @property
    def contradictory(self) -> bool:
        return bool(self.point and self.comma)

    def __or__(self, other: Marks) -> Marks:
        return Marks(self.point or other.point, self.comma or other.comma, self.either or other.either)


def marks(cells: pl.Series) -> Marks:
    """The evidence in a column of text."""
    body = _bodies(cells)["body"]
    frame = pl.DataFrame({"cell": cells, "body": body}).filter(pl.col("body").is_not_null())
    found = {}
    for name, mark, group in (("point", r"\.", ","), ("comma", ",", r"\.")):
        sure = (
            rf"^\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}{mark}\d*$"  # 1,234.5
            rf"|^(?:0|\d{{4,}}|){mark}\d+(?:[eE][+-]?\d+)?$"  # 0.125  1234.567  .5
            rf"|^\d+{mark}(?:\d{{0,2}}|\d{{4,}}|\d+[eE][+-]?\d+)$"  # 1.5  35.1452
            rf"|^\d{{1,3}}(?:{group}\d{{3}}){{2,}}$"  # 1,234,567
        )
        found[name] = _first(frame, pl.col("body").str.contains(sure))
    found["either"] = _first(frame, pl.col("body").str.contains(r"^[1-9]\d{0,2}[.,]\d{3}$"))
    return Marks(**found)


def parse_numbers(cells: pl.Series, decimal: str) -> tuple[pl.Series, pl.Series]:
    """Values (null where blank or wrong) and a mask of the cells that are not numbers.

    Args:
        cells: text without surrounding space, null where blank.
        decimal: `.` or `,`.
    """
    mark, group = (r"\.", ",") if decimal == "." else (",", r"\.")
    number = (
        rf"^(?:\d+|\d{{1,3}}(?:{group}\d{{3}})+|\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}})(?:{mark}\d*)?$"
        rf"|^\d*{mark}\d+$|^\d+(?:{mark}\d*)?[eE][+-]?\d{{1,3}}$"
    )
    parts = _bodies(cells)
    plain = pl.col("body").str.replace_all(group, "").str.replace(mark, ".")
    value = (
        pl.when(pl.col("body").str.contains(number)).then(plain).cast(pl.Float64, strict=False)
        * pl.when("minus").then(-1.0).otherwise(1.0)
        * pl.when("percent").then(0.01).otherwise(1.0)
    )
    values = parts.select(value.alias("value"))["value"]
    values = pl.select(pl.when(values.is_finite()).then(values).alias("value"))["value"]
    return values, cells.is_not_null() & parts["body"].is_not_null() & values.is_null()


def _bodies(cells: pl.Series) -> pl.DataFrame:
    """body: the digits and marks (null where blank); minus, percent: what stood around them."""
    text = pl.col("cell").str.replace_all("\u2212", "-", literal=True).str.strip_chars()
    bracketed = pl.col("text").str.contains(r"^\(.*\)$")
    bare = pl.col("text").str.replace(r"^\((.*)\)$", "$1").str.strip_chars()
    signed = pl.col("bare").str.contains(rf"^{CURRENCY}?\s*-|-$") & ~pl.col("bare").str.contains(r"^-$")
    body = (
        pl.col("bare")
        .str.replace(rf"^([+-]?)\s*{CURRENCY}\s*", "$1")
        .str.replace(rf"\s*{CURRENCY}$", "")
        .str.replace(r"\s*%$", "")
        .str.replace(r"^[+-]\s*|-$", "")
        .str.strip_chars()
    )
    spaced = pl.col("body").str.contains(rf"^\d{{1,3}}(?:{GROUPING_SPACE}\d{{3}})+(?:[.,]\d*)?$")
    frame = pl.DataFrame({"cell": cells.cast(pl.String)}).select("cell", text=text)
    frame = frame.with_columns(bare=bare, bracketed=bracketed).with_columns(body=body, signed=signed)
    return frame.select(
        body=pl.when(pl.col("text").str.to_lowercase().is_in(BLANK))
        .then(None)
        .when(spaced)
        .then(pl.col("body").str.replace_all(GROUPING_SPACE, ""))
        .otherwise("body"),
        minus=pl.col("bracketed").fill_null(False) ^ pl.col("signed").fill_null(False),
        percent=pl.col("bare").str.contains(r"%$").fill_null(False),
    )


def _first(frame: pl.DataFrame, condition: pl.Expr) -> str | None:
    hits = frame.filter(condition)
    return str(hits["cell"][0]) if hits.height else None
