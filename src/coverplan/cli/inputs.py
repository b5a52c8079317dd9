"""Files in: problems, policies and plans, or everything that is wrong with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from coverplan.payload.checks import check
from coverplan.payload.issues import Issue, IssueReport, PayloadError, quoted
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reading import read_document, read_policy, read_problem
from coverplan.tables.folder import document, read_folder

T = TypeVar("T")


class BadInputError(Exception):
    """What the caller gave cannot be used: one message, or a report of issues with the file each part came from."""

    def __init__(
        self, message: str = "", report: IssueReport | None = None, files: dict[str, Path | None] | None = None
    ) -> None:
        super().__init__(message)
        self.report = report
        self.files = files or {}

    def show(self) -> None:
        """Print all of it on standard error."""
        if self.report is None:
            print(f"coverplan: {self}", file=sys.stderr)
            return
        for issue in self.report.issues:
            print(issue_text(issue, self.files), file=sys.stderr)
        more = self.report.total - len(self.report.issues)
        print((f"... and {more:,} more: " if more else "") + counts(self.report), file=sys.stderr)


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


def issue_text(issue: Issue, files: dict[str, Path | None]) -> str:
    """An issue in a line or two: severity, place, message, way out."""
    text = f"{issue.severity}: {place(issue.pointer, files)}: {issue.message}"
    shown = quoted(issue.value)
    if issue.value is not None and shown.strip('"') not in issue.message:
        text += f" Value: {shown}."
    if issue.suggestion:
        text += f"\n    {issue.suggestion}"
    return text + f" [{issue.code}]"


def place(pointer: str, files: dict[str, Path | None]) -> str:
    """`FILE#POINTER`: the pointer within the file that holds it."""
    for prefix, path in files.items():
        if pointer == prefix or pointer.startswith(f"{prefix}/"):
            inner = pointer.removeprefix(prefix)
            return f"{path or prefix.strip('/')}#{inner}" if inner else str(path or prefix.strip("/"))
    return pointer or "input"


def counts(report: IssueReport) -> str:
    """How many errors and warnings there are."""
    least = "" if report.complete else "at least "
    errors, warnings = report.total_errors, report.total_warnings
    return f"{least}{errors:,} error{'s' * (errors != 1)}, {warnings:,} warning{'s' * (warnings != 1)}"


def _collecting(report: IssueReport, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except PayloadError as error:
        report.extend(error.report)
        return None
