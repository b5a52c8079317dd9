"""Files in: problems, policies and plans, or everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from coverplan.cli.bad_input import BadInputError, Locate
from coverplan.domain.book import Book
from coverplan.payload.checks import check
from coverplan.payload.issues import IssueReport, PayloadError
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reach_checks import Reach
from coverplan.payload.reading import read_document, read_policy, read_problem
from coverplan.tables.bulk.plans import SUFFIXES, plan_document
from coverplan.tables.bulk.read import LoadedBook, book_document, check_effects, check_wishes, examine_book
from coverplan.tables.bulk.sources import Sources, UnreadableTableError, open_book, read_head

T = TypeVar("T")


@dataclass(frozen=True)
class Examined:
    """What could be read of a problem and a policy, all issues of them, and the files by the pointers' heads."""

    problem: Problem | None
    policy: Policy | None
    report: IssueReport
    files: dict[str, Path | None]
    locate: Locate | None = None
    """Where in a table a pointer leads."""

    def checked(self) -> tuple[Problem, Policy]:
        """Both documents; raises BadInputError with every issue if one cannot be used."""
        if self.problem is None or self.policy is None or self.report.total_errors:
            raise BadInputError(report=self.report, files=self.files, locate=self.locate)
        return self.problem, self.policy


def examine(problem: Path, policy: Path | None) -> Examined:
    """Read a problem (file or folder) and a policy, by default the default policy, and check one against the other.

    Raises:
        BadInputError: a file cannot be opened; all else is in the report.
    """
    if problem.is_dir():
        return examine_tables(problem, policy).with_documents()
    report = IssueReport()
    facts = _collecting(report, lambda: read_problem(file_bytes(problem), "/problem"))
    rules = _collecting(report, lambda: wishes(policy))
    if facts is not None and rules is not None:
        report.extend(check(facts, rules))
    return Examined(facts, rules, report, {"/problem": problem, "/policy": policy})


def read_plan(path: Path) -> Plan:
    """A plan document, from JSON or the table of a plan; raises BadInputError."""
    try:
        if path.suffix.lower() in SUFFIXES:
            return read_document(Plan, json.dumps(reading_plan(path, plan_document)).encode(), "/plan")
        return read_document(Plan, file_bytes(path), "/plan")
    except PayloadError as error:
        raise BadInputError(report=error.report, files={"/plan": path}) from None


def wishes(policy: Path | None) -> Policy:
    """The policy of a file, by default the default policy; raises BadInputError or PayloadError."""
    return Policy() if policy is None else read_policy(file_bytes(policy), "/policy")


@dataclass(frozen=True, eq=False)
class ExaminedTables:
    """What could be read of a folder of tables and a policy, and all issues of them."""

    sources: Sources | None
    book: LoadedBook | None
    policy: Policy | None
    report: IssueReport
    files: dict[str, Path | None]

    @property
    def locate(self) -> Locate | None:
        """Where in a table a pointer leads."""
        return None if self.sources is None else self.sources.place

    def checked(self) -> tuple[LoadedBook, Policy]:
        """Both; raises BadInputError with every issue if one cannot be used."""
        if self.book is None or self.policy is None or self.report.total_errors:
            raise BadInputError(report=self.report, files=self.files, locate=self.locate)
        return self.book, self.policy

    def with_documents(self) -> Examined:
        """The same with the problem as a document, if it is sound."""
        problem = None
        if self.book is not None and self.sources is not None:
            problem = Problem.model_validate_json(json.dumps(book_document(self.sources)))
        return Examined(problem, self.policy, self.report, self.files, self.locate)


def examine_tables(folder: Path, policy: Path | None, *, reach: bool = True) -> ExaminedTables:
    """Read a folder of tables and a policy, and check one against the other; without `reach` for errors only.

    Raises:
        BadInputError: a file cannot be opened; all else is in the report.
    """
    report = IssueReport()
    sources = _collecting(report, lambda: tables_of(folder))
    rules = _collecting(report, lambda: wishes(policy))
    book, found = (None, IssueReport()) if sources is None else examine_book(sources)
    if book is None or rules is None:
        report.extend(found)
    else:
        report.extend(check_wishes(book, rules))
        if reach and not report.total_errors:
            check_effects(report, Reach.of(Book.of(book.instance), rules), rules)
    return ExaminedTables(sources, book, rules, report, {"/problem": folder, "/policy": policy})


def tables_of(folder: Path) -> Sources:
    """The tables of a folder; raises BadInputError where it has no `problem.json`, or PayloadError."""
    return _in_folder(folder, open_book)


def head_of(folder: Path) -> Problem:
    """What a folder's `problem.json` says; raises BadInputError or PayloadError."""
    return _in_folder(folder, read_head)


def _in_folder(folder: Path, read: Callable[[Path], T]) -> T:
    try:
        return read(folder)
    except FileNotFoundError:
        raise BadInputError(
            f"{folder}: a folder needs problem.json, {{}} at least, and its tables (see `coverplan generate`)."
        ) from None
    except OSError as error:
        raise BadInputError(f"cannot read {folder}: {error.strerror or error}") from None


def reading_plan(path: Path, read: Callable[[Path], T]) -> T:
    """What `read` makes of a plan's table; raises BadInputError."""
    try:
        return read(path)
    except (UnreadableTableError, OSError) as error:
        raise BadInputError(f"cannot read {path}: {error}") from None


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
