"""The folder of an experiment: which one it holds, and its results, never those of another."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.outputs import write_file

OUTPUTS = ("results.json", "results.csv", "results.parquet", "report.html")
NOTE = "experiment.json"
"""Which experiment the folder holds, and of what content."""
EARLIER = "earlier"
"""Where the results of other experiments go, each in a folder of its own."""
_ID = re.compile(r"exp-[0-9a-z]+")
_HEAD = 1000
"""Bytes of the results in which their experiment is named."""


@dataclass(frozen=True)
class Note:
    """The experiment of a folder, and a hash of what was asked and where."""

    experiment_id: str
    content: str


def read_note(folder: Path) -> Note | None:
    """What the folder says; None, and a word, where that is no note: a full disk or a kill may have torn it.

    Raises:
        BadInputError: it cannot be read.
    """
    path = folder / NOTE
    try:
        found = json.loads(path.read_bytes())
        note = Note(found["experiment_id"], found["content"])
        if _ID.fullmatch(note.experiment_id) and isinstance(note.content, str):
            return note
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError, LookupError, TypeError):
        pass
    print(f"coverplan: {path} is no note of an experiment any more; a new one takes its place.", file=sys.stderr)
    return None


def take(folder: Path, note: Note, before: Note | None) -> None:
    """Make the folder that of an experiment; results of another one that are there go to a folder of their own.

    They go first: killed in between, the folder has no results, never wrong ones.

    Raises:
        BadInputError: the folder cannot be written to.
    """
    held = _held(folder) or (None if before is None else before.experiment_id)
    there = [folder / name for name in OUTPUTS if (folder / name).exists()]
    if there and held != note.experiment_id:
        _set_aside(folder, there, held or "unknown")
    if note != before:
        text = json.dumps({"experiment_id": note.experiment_id, "content": note.content}) + "\n"
        write_file(folder / NOTE, lambda part: part.write_text(text, encoding="utf-8"))


def _held(folder: Path) -> str | None:
    """The experiment that the results say they are of."""
    try:
        with (folder / OUTPUTS[0]).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    found = re.search(rb'"experiment_id":\s*"(' + _ID.pattern.encode() + rb')"', head)
    return None if found is None else found[1].decode()


def _set_aside(folder: Path, files: list[Path], name: str) -> None:
    place, number = folder / EARLIER / name, 1
    while place.exists():
        number += 1
        place = folder / EARLIER / f"{name}-{number}"
    try:
        place.mkdir(parents=True)
        for file in files:
            file.replace(place / file.name)
    except OSError as error:
        raise BadInputError(f"cannot move {folder}'s results to {place}: {error.strerror or error}") from None
    print(f"The results of the experiment before are in {place}.", file=sys.stderr)
