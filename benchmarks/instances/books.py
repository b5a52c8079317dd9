"""Generated books, each made once into the cache as a folder of Parquet tables, and the rules that they stand under."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.fingerprint import fingerprint
from coverplan.tables import book, generate
from coverplan.tables.folder import write_folder
from coverplan.tables.generate import Shape, generate_book

MARK = "made-by"
Rules = list[dict[str, Any]]
CARVE: Rules = [
    {"kind": "capacity"},
    {"kind": "must_cover"},
    {"kind": "balance", "penalty": 0.2},
    {"kind": "keep_current", "max_moved_share": 0.2},
    {"kind": "protect", "accounts": {"top": 20}},
]
"""The yearly carve: hours hold, everybody is covered, revenue is fair within 15 % or paid for, few accounts move."""
HARD_BALANCE: Rules = [
    {"kind": "capacity"},
    {"kind": "must_cover"},
    {"kind": "balance", "measure": "hours", "tolerance": 0.1},
    {"kind": "protect", "accounts": {"top": 20}},
]
"""Every rep within 10 % of the fair share of hours, no matter what it costs."""
FEW_MOVES: Rules = [
    *CARVE[:3],
    {"kind": "keep_current", "max_moved_share": 0.3},
    {"kind": "keep_current", "id": "gains", "max_gained": 25, "per": "rep"},
    {"kind": "keep_current", "id": "revenue", "max_moved_revenue_share": 0.15},
]
"""Three caps on moves at once."""
FAMILIES: Rules = [*CARVE, {"kind": "family"}]
"""Parents and children share their rep."""
PODS: Rules = [*CARVE[:3], {"kind": "same_team", "penalty": 2000}]
"""An account's executive and engineer sit in one pod, or it costs money."""


def make(shape: Shape, cache: Path) -> Path:
    """The folder of this book; made where it is absent or an older generator made it."""
    parts = [f"{shape.accounts}x{shape.reps}x{shape.pairs}", f"{shape.tightness:g}"]
    parts += ["two-roles"] if shape.roles == 2 else []
    folder = cache / "books" / "-".join([*parts, f"seed{shape.seed}"])
    made_by = fingerprint(Path(generate.__file__), Path(book.__path__[0]))
    if not (folder / MARK).exists() or (folder / MARK).read_text() != made_by:
        shutil.rmtree(folder, ignore_errors=True)
        write_folder(generate_book(shape).book, folder)
        (folder / MARK).write_text(made_by)
    return folder
