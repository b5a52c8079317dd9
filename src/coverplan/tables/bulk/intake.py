"""From tables as they were sent to a checked book of Parquet tables; runs in a child, which may be lost over it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from coverplan.payload.dataset_patch import DatasetPatch
from coverplan.payload.datasets import SUFFIXES, CheckBook, CheckedBook, CheckReport
from coverplan.payload.hashing import instance_hash
from coverplan.payload.issues import IssueReport, PayloadError, pointer
from coverplan.payload.json_text import MAX_FIELDS
from coverplan.tables.bulk.findings import AT, BookFindings
from coverplan.tables.bulk.lines import parquet_of_lines
from coverplan.tables.bulk.patch import apply_patch
from coverplan.tables.bulk.read import checked_frame, examine_book
from coverplan.tables.bulk.sources import Sources, Table, UnreadableTableError, open_book, reading


def check_book(request: CheckBook) -> CheckedBook:
    """Check a book; if it is sound, its folder holds it as Parquet."""
    taking = _Taking(request)
    try:
        taking.take()
    except PayloadError as error:
        taking.report.extend(error.report)
    except UnreadableTableError as error:
        taking.report.add("invalid_value", AT, reason=str(error))
    return CheckedBook(report=taking.told(), rows=taking.rows, problem_hash=taking.problem_hash)


class _Taking:
    """One book on its way."""

    def __init__(self, request: CheckBook) -> None:
        self.request = request
        self.uploads, self.book = Path(request.uploads), Path(request.book)
        self.report = IssueReport()
        self.rows: dict[str, int] = {}
        self.problem_hash: str | None = None

    def take(self) -> None:
        """Convert, open, check; raises PayloadError or UnreadableTableError."""
        if self.request.patch is None:
            self._convert()
        else:
            patch = DatasetPatch.model_validate_json(Path(self.request.patch).read_bytes())
            self.report.extend(apply_patch(self.uploads, patch, self.book))
        if self.report.total_errors:
            return
        sources = open_book(self.book)
        self._check_size(sources)
        if self.report.total_errors:
            return
        loaded, found = examine_book(sources)
        self.report.extend(found)
        if loaded is not None:
            self.problem_hash = instance_hash(loaded.instance)
            del loaded
            self._settle(sources)

    def told(self) -> CheckReport:
        """What was found; no message names a folder of this machine."""
        report = self.report
        folders = (f"{self.book}/", f"{self.uploads}/")
        issues = []
        for issue in report.issues:
            message = issue.message
            for folder in folders:
                message = message.replace(folder, "")
            issues.append(issue.model_copy(update={"message": message}))
        return CheckReport(
            issues=issues,
            total_errors=report.total_errors,
            total_warnings=report.total_warnings,
            complete=report.complete,
            more=report.more,
        )

    def _convert(self) -> None:
        """All formats but CSV become Parquet; what cannot be read is told of, table by table."""
        for name, form in self.request.formats.items():
            file = self.uploads / f"{name}.{SUFFIXES[form]}"
            target = self.book / f"{name}.parquet"
            findings = BookFindings()
            try:
                if form == "ndjson":
                    self.rows[name] = parquet_of_lines(file, name, target, findings)
                elif form in ("arrow", "arrow_stream"):
                    self._from_arrow(name, file, target, findings, streamed=form == "arrow_stream")
                else:
                    file.rename(self.book / file.name)
            except UnreadableTableError as error:
                findings.report.add("invalid_value", pointer(AT, [name]), reason=str(error))
            self.report.extend(findings.report)

    def _from_arrow(self, name: str, file: Path, target: Path, findings: BookFindings, *, streamed: bool) -> None:
        with reading(file):
            if streamed:
                pl.read_ipc_stream(file).write_parquet(target)
                return
            rows = pl.scan_ipc(file)
            if int(rows.select(pl.len()).collect().item()) > self.request.max_rows:
                findings.report.add("too_long", pointer(AT, [name]), limit=f"{self.request.max_rows:,}")
                return
            rows.sink_parquet(target)

    def _check_size(self, sources: Sources) -> None:
        for name, table in sources.tables.items():
            place = pointer(AT, [name])
            if table.height > self.request.max_rows:
                self.report.add("too_long", place, limit=f"{self.request.max_rows:,}")
            if len(table.schema) > MAX_FIELDS:
                self.report.add("too_many_fields", place, count=f"{len(table.schema):,}", limit=f"{MAX_FIELDS:,}")

    def _settle(self, sources: Sources) -> None:
        """Text columns become typed ones, so that whoever solves the book reads nothing but Parquet."""
        for name, table in sources.tables.items():
            self.rows[name] = table.height
            if table.is_text:
                _retype(table)


def _retype(table: Table) -> None:
    with reading(table.file):
        checked_frame(table, BookFindings()).write_parquet(table.file.with_suffix(".parquet"))
    table.file.unlink()
