"""Specifications of experiments: the request with files in it, as TOML or JSON."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.inputs import examine, file_bytes
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.issues import PayloadError
from coverplan.payload.reading import read_document

FILE = "file"


@dataclass(frozen=True, eq=False)
class Spec:
    """A request, and the files that its parts came from, by pointer."""

    request: ExperimentRequest
    files: dict[str, Path | None]


def read_spec(path: Path) -> Spec:
    """The experiment of a file; `file = "..."` in a problem, a policy or the grid is read in, relative to it.

    A problem may be a folder of tables. Raises BadInputError.
    """
    document = _document(path)
    files: dict[str, Path | None] = {}
    for name in ("problems", "policies"):
        listed = document.get(name)
        for place, one in enumerate(listed if isinstance(listed, list) else []):
            _read_in(one, name == "problems", path.parent, f"/{name}/{place}", files)
    _read_in(document.get("grid"), False, path.parent, "/grid", files)
    files[""] = path
    try:
        request = read_document(ExperimentRequest, json.dumps(document, default=_plain).encode())
    except PayloadError as error:
        raise BadInputError(report=error.report, files=files) from None
    return Spec(request, files)


def _document(path: Path) -> dict[str, Any]:
    data = file_bytes(path)
    try:
        found = tomllib.loads(data.decode()) if path.suffix.lower() == ".toml" else json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"cannot read {path}: {error}") from None
    if not isinstance(found, dict):
        raise BadInputError(f"{path}: an experiment is an object with `problems`, and more as it is wanted.")
    return found


def _read_in(one: object, problem: bool, folder: Path, at: str, files: dict[str, Path | None]) -> None:
    """Replace a file's name by what it holds."""
    if not isinstance(one, dict) or FILE not in one:
        return
    name = one.pop(FILE)
    if not isinstance(name, str):
        raise BadInputError(f"{at}/{FILE} is no name of a file.")
    field = "problem" if problem else "policy"
    if field in one:
        raise BadInputError(f"{at}: {FILE} and {field} exclude each other.")
    file = folder / name
    files[f"{at}/{field}"] = file
    if file.is_dir() and problem:
        one[field] = examine(file, None).checked()[0].model_dump(mode="json", exclude_unset=True)
        return
    try:
        one[field] = json.loads(file_bytes(file))
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"cannot read {file}: {error}") from None


def _plain(value: object) -> str:
    """Dates of TOML as JSON has them."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise BadInputError(f"{value!r} has no place in an experiment.")
