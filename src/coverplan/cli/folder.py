"""`coverplan solve FOLDER`: the child reads the tables and writes the seats, so that no account becomes an object."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import Exit, exit_of
from coverplan.cli.inputs import examine, head_of, reading_plan, tables_of, wishes
from coverplan.cli.outputs import keep_inputs, write_file, write_report
from coverplan.cli.progress import ProgressLine
from coverplan.cli.summary import print_summary
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.requests import BookRequest
from coverplan.process.job import Job
from coverplan.tables.bulk.plans import json_parts, plan_document, sidecar, uncovered_reasons, write_as
from coverplan.tables.bulk.sources import UnreadableTableError, open_table

MAX_REPORTED = 50_000
"""Accounts of a folder that a report is written for: it draws every one of them."""


@dataclass(frozen=True, eq=False)
class FolderSolve:
    """The files of one solve: the book's folder, the policy, and what is to be written."""

    folder: Path
    policy: Path | None
    start_plan: Path | None
    out: Path | None
    report: Path | None

    @property
    def where(self) -> dict[str, Path | None]:
        """The files by the heads of pointers."""
        return {"/problem": self.folder, "/policy": self.policy, "/start_plan": self.start_plan}

    def run(self, options: Options, solved: Callable[[Job, ProgressLine], Plan], *, as_json: bool) -> Exit:
        """Solve, write and print; raises BadInputError."""
        try:
            currency, rules = head_of(self.folder).currency, wishes(self.policy)
        except PayloadError as error:
            raise BadInputError(report=error.report, files=self.where) from None
        self._refuse_long_report()
        if self.start_plan is not None and not self.start_plan.is_file():
            raise BadInputError(f"cannot read {self.start_plan}.")
        if self.out is not None and self.out.suffix.lower() == ".csv":
            keep_inputs(sidecar(self.out), (self.folder, self.policy))
        beside = None if self.out is None else self.out.parent
        with tempfile.TemporaryDirectory(prefix=".coverplan-", dir=beside) as folder:
            table = Path(folder) / "plan.parquet"
            request = BookRequest(
                folder=str(self.folder.absolute()),
                policy=rules,
                options=options,
                start_plan=None if self.start_plan is None else str(self.start_plan.absolute()),
                table=str(table.absolute()),
            )
            plan = self._located(lambda: solved(Job.solve_book(request), ProgressLine(currency)))
            try:
                self._write(plan, table)
            finally:  # what cannot be written is printed at least
                self._print(plan, table, currency, rules, as_json=as_json)
        return exit_of(plan)

    def _located(self, solve: Callable[[], Plan]) -> Plan:
        """The plan; errors of the tables say in which file and row they are."""
        try:
            return solve()
        except BadInputError as error:
            if error.report is not None:
                with suppress(PayloadError):
                    error.locate = tables_of(self.folder).place
            raise

    def _write(self, plan: Plan, table: Path) -> None:
        if self.out is not None and self.out.suffix.lower() == ".parquet":
            write_file(self.out, lambda part: shutil.copyfile(table, part))
        elif self.out is not None:
            write_file(self.out, lambda part: write_as(table, part))
            if self.out.suffix.lower() == ".csv":
                write_head(self.out, plan)
        if self.report is not None:
            facts, rules = examine(self.folder, self.policy).checked()
            whole = Plan.model_validate_json(json.dumps(reading_plan(table, plan_document)))
            write_report(self.report, whole, facts, rules)

    def _print(self, plan: Plan, table: Path, currency: str, policy: Policy, *, as_json: bool) -> None:
        if as_json:
            sys.stdout.writelines(json_parts(table))
        else:
            reasons = uncovered_reasons(table) if plan.summary is not None else Counter[str]()
            print_summary(plan, currency, policy.rules(), rep_names(self.folder), reasons)

    def _refuse_long_report(self) -> None:
        if self.report is None:
            return
        with suppress(UnreadableTableError):
            accounts = open_table(self.folder, "accounts")
            if accounts is not None and accounts.height > MAX_REPORTED:
                raise BadInputError(
                    f"--report draws every account, which is for books of up to {MAX_REPORTED:,}; "
                    f"{self.folder} has {accounts.height:,}. Leave it out, or report on a part of the book."
                )


def write_head(path: Path, plan: Plan) -> None:
    """The rest of a plan whose seats are CSV, beside it; raises BadInputError."""
    write_file(sidecar(path), lambda part: part.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8"))


def rep_names(folder: Path) -> dict[str, str]:
    """Names of the reps of a sound book, by id."""
    table = open_table(folder, "reps")
    if table is None:
        return {}
    ids = table.column("id").to_list()
    names = table.column("name").to_list() if "name" in table.schema else ids
    return {own: name or own for own, name in zip(ids, names, strict=True)}
