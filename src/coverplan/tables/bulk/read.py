"""From a folder of tables to the instance, or to everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from coverplan.domain.instance import Instance
from coverplan.payload.columns import assembled, segments_of, vocabulary_of, with_default
from coverplan.payload.issues import IssueReport, PayloadError, pointer
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known, check_policy, check_policy_effects
from coverplan.payload.problem import Problem
from coverplan.payload.problem_checks import check_staff
from coverplan.payload.reach_checks import Reach, check_reach
from coverplan.tables.bulk import cells
from coverplan.tables.bulk.accounts import AccountReader, Staff
from coverplan.tables.bulk.codes import text_series, vocabulary
from coverplan.tables.bulk.fields import MODELS, fields_of
from coverplan.tables.bulk.findings import AT, BookFindings
from coverplan.tables.bulk.relations import RelationReader
from coverplan.tables.bulk.sources import Sources, Table, UnreadableTableError, open_book, open_table
from coverplan.tables.folder import Book, document, given

STAFF_TABLES = ("territories", "managers", "reps")
"""Tables that become objects: they grow with the staff, not with the accounts."""
LARGE = ("accounts", "pairs")
BATCH = 10_000
OWNERS = {"unknown_territory": "territories", "unknown_manager": "managers"}
"""Whose ids must be readable before a reference can be called unknown."""


@dataclass(frozen=True, eq=False)
class LoadedBook:
    """A sound book: its columns, what a policy may name, and warnings."""

    instance: Instance
    known: Known
    warnings: IssueReport


class AccountIds:
    """The ids of the accounts as a collection; one sorted copy answers who is among them."""

    def __init__(self, instance: Instance) -> None:
        self._ids = np.sort(instance.accounts.ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __contains__(self, name: object) -> bool:
        place = int(np.searchsorted(self._ids, np.array([name], self._ids.dtype))[0])
        return place < len(self._ids) and bool(self._ids[place] == name)


def read_book(folder: Path) -> LoadedBook:
    """The book in a folder.

    Raises:
        FileNotFoundError: there is no `problem.json`.
        PayloadError: something is wrong with it; the first 20 rows of each rule are in the report.
    """
    book, report = examine_book(open_book(folder))
    if book is None:
        raise PayloadError(report)
    return book


def examine_book(sources: Sources) -> tuple[LoadedBook | None, IssueReport]:
    """The book if it has no errors, and all issues of it."""
    findings = BookFindings()
    try:
        book = _Loading(sources, findings).book()
    except UnreadableTableError as error:
        findings.report.add("invalid_value", AT, reason=str(error))
        book = None
    return (None if findings.report.total_errors else book), findings.report


def check_wishes(book: LoadedBook, policy: Policy, at: str = "/policy") -> IssueReport:
    """The book's warnings, and every error of a policy for it."""
    report = IssueReport()
    report.extend(book.warnings)
    check_policy(report, book.known, policy, at)
    return report


def check_effects(issues: IssueReport, reach: Reach, policy: Policy) -> None:
    """What the policy cannot do, and what cannot be had at all."""
    check_policy_effects(issues, reach, policy, "/policy")
    check_reach(issues, reach, AT, "/policy")


class _Loading:
    """One book on its way from tables to columns."""

    def __init__(self, sources: Sources, findings: BookFindings) -> None:
        self.sources, self.findings = sources, findings
        self.problem = self._staff_problem()
        self.vocabulary = vocabulary_of(self.problem)
        self.staff = self._staff()

    def book(self) -> LoadedBook | None:
        """The columns; None where there are no accounts."""
        accounts_table = self.sources.tables.get("accounts")
        if accounts_table is None or not accounts_table.height:
            self.findings.report.add("no_accounts", pointer(AT, ["accounts"]))
            self._check_staff(set())
            return None
        accounts, current, names = AccountReader(accounts_table, self.staff, self.findings).columns()
        self._check_staff(set(self.staff.segments.gather(np.unique(names.segment[names.segment >= 0])).to_list()))
        fit_table, pairs_table = self._table("fit"), self._table("pairs")
        in_fit = [fit_table.column("industry")] if "industry" in fit_table.schema else []
        industries = vocabulary(names.industries, *(series for series in in_fit if series.dtype == pl.String))
        relations = RelationReader(self.staff, names, self.findings)
        fit, pairs = relations.fit(fit_table, industries), relations.pairs(pairs_table)
        if self.findings.report.total_errors:
            return None
        skills = vocabulary(names.skills, text_series(self.vocabulary.skills))
        whole = self.vocabulary._replace(
            industries=_positions(industries), skills=_positions(skills), tags=_positions(names.tags)
        )
        instance = assembled(self.problem, whole, accounts=accounts, current=current, fit=fit, pairs=pairs)
        known = Known.of_staff(self.problem, AccountIds(instance), set(names.industries), set(names.tags))
        return LoadedBook(instance, known, self.findings.report)

    def _table(self, name: str) -> Table:
        """A table, empty where the folder has none."""
        return self.sources.tables.get(name) or Table(name, self.sources.folder / f"{name}.parquet", {}, 0)

    def _staff_problem(self) -> Problem:
        """The problem without accounts; rows without a readable id get one that cannot be meant."""
        lists = {}
        for name in STAFF_TABLES:
            frame = checked_frame(self._table(name), self.findings)
            faulty = [column for table, column in self.findings.faulty if table == name]
            nested = [column for column in faulty if frame.schema[column].is_nested()]
            frame = frame.drop(nested)
            numbered = pl.format("(row {} of {})", pl.int_range(1, pl.len() + 1), pl.lit(name))
            lists[name] = [given(row) for row in frame.with_columns(pl.coalesce("id", numbered)).to_dicts()]
        head = self.sources.head
        staff = Problem.model_validate_json(json.dumps({"accounts": [], **lists}))
        staff_fields = {name: getattr(staff, name) for name in STAFF_TABLES}
        return head.model_copy(update=staff_fields)

    def _staff(self) -> Staff:
        problem, names = self.problem, self.vocabulary
        coverage = with_default(problem.segments)
        return Staff(
            roles=text_series(names.roles),
            segments=text_series(segment.id for segment in coverage),
            territories=text_series(territory.id for territory in problem.territories),
            reps=text_series(rep.id for rep in problem.reps),
            rep_role=np.fromiter((names.roles[rep.role] for rep in problem.reps), np.int32, len(problem.reps)),
            needs=segments_of(coverage, names),
        )

    def _check_staff(self, used: set[str]) -> None:
        """Cross-checks of the staff, as far as their columns could be read."""
        found = IssueReport()
        check_staff(found, self.problem, AT, used)
        for issue in (*found.errors, *found.warnings):
            self.findings.take(issue, OWNERS.get(issue.code))


def checked_frame(table: Table, findings: BookFindings) -> pl.DataFrame:
    """Every field of a table as a column of its type; faults are told of and null."""
    cells.check_columns(table, findings)
    columns = {name: cells.column(table, name, findings) for name in fields_of(table.name)}
    if "id" in columns:
        findings.names[table.name] = lambda row: columns["id"][row]
    return pl.DataFrame(columns)


def account_documents(folder: Path) -> Iterator[dict[str, Any]]:
    """The account documents of a book, in order, a few thousand in memory at a time.

    Raises:
        PayloadError: a cell cannot be read.
    """
    yield from documents(folder, "accounts")


def documents(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The documents of one table of a folder; raises PayloadError."""
    try:
        table = open_table(folder, name)
        for part in () if table is None else table.slices():
            findings = BookFindings()
            frame = checked_frame(part, findings)
            findings.report.raise_errors()
            for start in range(0, frame.height, BATCH):
                yield from map(given, frame.slice(start, BATCH).to_dicts())
    except UnreadableTableError as error:
        report = IssueReport()
        report.add("invalid_value", pointer(AT, [name]), reason=str(error))
        raise PayloadError(report) from None


class Rows:
    """Documents that are read anew each time they are asked for."""

    def __init__(self, read: Callable[[], Iterator[dict[str, Any]]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._read()


def streamed_document(sources: Sources) -> dict[str, Any]:
    """The problem document of a sound book whose accounts and pairs are read as they are asked for."""
    small = {name: table for name, table in sources.tables.items() if name not in LARGE}
    large = {name: Rows(partial(documents, sources.folder, name)) for name in LARGE}
    return {**book_document(Sources(sources.folder, sources.head, small)), **large}


def book_document(sources: Sources) -> dict[str, object]:
    """The whole problem document of a sound book, as plain objects."""
    findings = BookFindings()
    frames = {name: checked_frame(table, findings) for name, table in sources.tables.items()}
    findings.report.raise_errors()
    head = sources.head.model_dump(
        mode="json", include=sources.head.model_fields_set - MODELS.keys(), exclude_unset=True
    )
    return document(Book(head, frames))


def _positions(names: pl.Series) -> dict[str, int]:
    return {name: place for place, name in enumerate(names.to_list())}
