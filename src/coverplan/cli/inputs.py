"""Files in: problems, policies and plans, or everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from coverplan.cli.bad_input import BadInputError
from coverplan.payload.checks import check
from coverplan.payload.issues import IssueReport, PayloadError
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reading import read_document, read_policy, read_problem
from coverplan.tables.folder import document, read_folder

T = TypeVar("T")


@dataclass(frozen=True)
class Examined:
    """What could be read of a problem and a policy, all issues of them, and the files by the pointers' heads."""

    problem: Problem | None
    policy: Policy | None
    report: IssueReport
    files: dict[str, Path | None]

    def checked(self) -> tuple[Problem, Policy]:
        """Both documents; raises BadInputError with every issue if one cannot be used."""
        if self.problem is None or self.policy is None or self.report.total_errors:
            raise BadInputError(report=self.report, files=self.files)
        return self.problem, self.policy


def examine(problem: Path, policy: Path | None) -> Examined:
    """Read a problem (file or folder) and a policy, by default the default policy, and check one against the other.

    Raises:
        BadInputError: a file cannot be opened; all else is in the report.
    """
    report = IssueReport()
    facts = _collecting(report, lambda: read_problem(problem_bytes(problem), "/problem"))
    rules = _collecting(report, lambda: Policy() if policy is None else read_policy(file_bytes(policy), "/policy"))
    if facts is not None and rules is not None:
        report.extend(check(facts, rules))
    return Examined(facts, rules, report, {"/problem": problem, "/policy": policy})


def read_plan(path: Path) -> Plan:
    """A plan document; raises BadInputError."""
    try:
        return read_document(Plan, file_bytes(path), "/plan")
    except PayloadError as error:
        raise BadInputError(report=error.report, files={"/plan": path}) from None


def problem_bytes(path: Path) -> bytes:
    """The problem document of a file, or of a folder of tables."""
    if not path.is_dir():
        return file_bytes(path)
    try:
        return json.dumps(document(read_folder(path))).encode()
    except FileNotFoundError:
        raise BadInputError(f"{path}: a folder needs problem.json and its tables (see `coverplan generate`).") from None
    except (ValueError, TypeError) as error:
        raise BadInputError(f"{path}: {error}") from None


def file_bytes(path: Path) -> bytes:
    """The contents of a file; raises BadInputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror or error}") from None


def _collecting(report: IssueReport, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except PayloadError as error:
        report.extend(error.report)
        return None
