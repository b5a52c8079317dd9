"""Hand-made CSV files and mappings, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coverplan.tables.convert import Conversion, convert
from coverplan.tables.findings import TableError

Files = dict[str, str | bytes]
SMALL = '[accounts]\nid = "id"\nowner = "owner"\n'
REPS = '[reps]\nid = "id"\n'


def run(folder: Path, mapping: str, files: Files) -> Conversion:
    """Convert these files, each `NAME.csv`."""
    paths = {}
    for name, content in files.items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_bytes(content if isinstance(content, bytes) else content.encode())
    return convert(paths, mapping)


def made(folder: Path, mapping: str, files: Files) -> dict[str, Any]:
    """The problem that comes of it."""
    return run(folder, mapping, files).document


def refusal(folder: Path, mapping: str, files: Files) -> str:
    """What the conversion is refused with."""
    with pytest.raises(TableError) as caught:
        run(folder, mapping, files)
    return str(caught.value)
