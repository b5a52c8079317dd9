"""Files out: plans as JSON, CSV or Parquet, and reports. Each appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from coverplan.cli.bad_input import BadInputError
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.tables import plans
from coverplan.tables.bulk.plans import SUFFIXES, write_table
from coverplan.tables.folder import HEAD, TABLES

PLAN_SUFFIXES = (".json", ".csv", ".parquet")


def check_target(path: Path | None, suffixes: tuple[str, ...], *, beside: Iterable[Path | None]) -> None:
    """Find out before the work starts whether a file can be written there; raises BadInputError.

    What the command reads, `beside` which it is written, stays as it is.
    """
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise BadInputError(f"{path}: the name must end in {' or '.join(suffixes)}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot create {path.parent}: {error.strerror or error}") from None
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise BadInputError(f"cannot write {path}.")
    keep_inputs(path, beside)


def keep_inputs(path: Path, inputs: Iterable[Path | None]) -> None:
    """Refuse to write over what is read, a file or one of a folder; raises BadInputError."""
    names = [HEAD, *(name + suffix for name in TABLES for suffix in SUFFIXES)]
    given = [one for one in inputs if one is not None]
    files = [file for one in given for file in (one, *(one / name for name in names)) if file.is_file()]
    if path.exists() and any(path.samefile(file) for file in files):
        raise BadInputError(f"{path} is an input, and would be overwritten: write to another file.")


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside the path, then put it in place; raises BadInputError when that fails."""
    try:
        with tempfile.TemporaryDirectory(prefix=".coverplan-", dir=path.parent) as folder:
            part = Path(folder) / f"part{path.suffix.lower()}"
            write(part)
            part.replace(path)
    except OSError as error:
        raise BadInputError(f"cannot write {path}: {error.strerror or error}") from None


def write_plan(path: Path, plan: Plan, problem: Problem) -> None:
    """Write a plan as JSON, CSV or Parquet, by the suffix; raises BadInputError when that fails."""
    if path.suffix.lower() == ".json":
        write_file(path, lambda part: part.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8"))
        return
    document, facts = plan.model_dump(mode="json"), problem.model_dump(mode="json")
    if path.suffix.lower() == ".parquet":
        head, table = plan.model_copy(update={"assignments": [], "uncovered": []}), plans.plan_table(document, facts)
        write_file(path, lambda part: write_table(head, table, part))
    else:
        write_file(path, lambda part: plans.write_plan(document, facts, part))


def write_report(path: Path, plan: Plan, problem: Problem, policy: Policy) -> None:
    """Write the report as one HTML file; raises BadInputError when that fails."""
    from coverplan.report import render  # noqa: PLC0415 - the charts take a second to import

    text = render(plan.model_dump(mode="json"), problem.model_dump(mode="json"), policy.filled())
    write_file(path, lambda part: part.write_text(text, encoding="utf-8"))
