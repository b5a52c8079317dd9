"""Rewrite table and plots from the results.

    python -m benchmarks.render [--out build/bench] [--to benchmarks/results] [--readme README.md]

`--to` also copies results, table and plots to where the README shows them from, `--readme` rewrites what stands
between its marks.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from benchmarks import plots, tables
from benchmarks.phases import share
from benchmarks.rows import RESULTS, Results, Row

TABLE = "table.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def line(row: Row) -> str:
    """A row in one line of text, for whoever watches."""
    worth = row.status if row.objective is None else f"{row.objective:,.0f}"
    gap = "" if row.gap is None else f"  gap {share(row.gap)}"
    time = "" if row.seconds is None else f"  {row.seconds:.1f} s"
    memory = "" if row.peak_memory_mb is None else f"  {row.peak_memory_mb:,.0f} MB"
    checked = {True: "  verified", False: "  NOT VERIFIED", None: ""}[row.verified]
    notes = f"  ({row.notes[0][-160:]})" if row.notes and row.objective is None else ""
    return f"{row.instance:<32} {row.contender:<16} {worth}{gap}{time}{memory}{checked}{notes}"


def render(folder: Path) -> list[Path]:
    """Write the table and the plots beside the results; returns what was written."""
    results = Results.read(folder / RESULTS)
    (folder / TABLE).write_text(tables.document(results, folder), encoding="utf-8")
    return [folder / RESULTS, folder / TABLE, *plots.draw(results.rows, folder)]


def between(text: str, new: str) -> str:
    """The text with what stands between its marks replaced.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


def main() -> None:
    """Render, and copy where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--to", type=Path)
    parser.add_argument("--readme", type=Path)
    given = parser.parse_args()
    for path in render(given.out):
        if given.to is not None:
            given.to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, given.to / path.name)
    if given.readme is not None:
        text = given.readme.read_text(encoding="utf-8")
        given.readme.write_text(between(text, tables.short(Results.read(given.out / RESULTS))), encoding="utf-8")


if __name__ == "__main__":
    main()
