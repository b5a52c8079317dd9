"""Bad input: what is wrong with what the caller gave, and how it is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from coverplan.payload.issues import Issue, IssueReport, quoted

Locate = Callable[[str], str | None]


class BadInputError(Exception):
    """What the caller gave cannot be used: one message, or a report of issues with the file each part came from.

    `locate` says where in a table an issue's pointer leads, or None.
    """

    def __init__(
        self,
        message: str = "",
        report: IssueReport | None = None,
        files: dict[str, Path | None] | None = None,
        locate: Locate | None = None,
    ) -> None:
        super().__init__(message)
        self.report = report
        self.files = files or {}
        self.locate = locate

    def show(self) -> None:
        """Print all of it on standard error."""
        if self.report is None:
            print(f"coverplan: {self}", file=sys.stderr)
            return
        for issue in self.report.issues:
            print(issue_text(issue, self.files, self.locate), file=sys.stderr)
        for line in more_text(self.report):
            print(line, file=sys.stderr)
        more = self.report.total - len(self.report.issues)
        print((f"... and {more:,} more: " if more else "") + counts(self.report), file=sys.stderr)


def more_text(report: IssueReport) -> Iterator[str]:
    """How many rows break a rule beyond those that are listed."""
    for rule, count in report.more.items():
        yield f"{rule}: {count:,} more like those above"


def issue_text(issue: Issue, files: dict[str, Path | None], locate: Locate | None = None) -> str:
    """An issue in a line or two: severity, place, message, way out."""
    where = (None if locate is None else locate(issue.pointer)) or place(issue.pointer, files)
    text = f"{issue.severity} [{issue.code}] {where}: {issue.message}"
    shown = quoted(issue.value)
    if issue.value is not None and shown.strip('"') not in issue.message:
        text += f" Value: {shown}."
    if issue.suggestion:
        text += f"\n    {issue.suggestion}"
    return text


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
