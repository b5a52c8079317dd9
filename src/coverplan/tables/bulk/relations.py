"""Fit and explicit pairs: tables that tie reps to accounts, read and checked by column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from coverplan.domain.instance import ExplicitPairs, Fit, Ints
from coverplan.payload.references import References
from coverplan.tables.bulk import cells
from coverplan.tables.bulk.accounts import Names, Staff, refuse_unknown
from coverplan.tables.bulk.codes import codes, floats
from coverplan.tables.bulk.findings import AT, BookFindings
from coverplan.tables.bulk.sources import Table

TARGETS = ("account_id", "segment", "industry")


class RelationReader:
    """Reads tables whose rows name a rep and an account, or what stands for several accounts."""

    def __init__(self, staff: Staff, names: Names, findings: BookFindings) -> None:
        self.staff, self.names, self.findings = staff, names, findings
        self.references = References(findings.report, AT)

    def _known(self, table: str, column: str, values: pl.Series, names: pl.Series, code: str, owner: str) -> Ints:
        found = codes(values, names)
        if self.findings.sound((owner, "id"), (table, column)):
            wrong = np.flatnonzero((found < 0) & values.is_not_null().to_numpy())
            known = [] if owner == "accounts" else names.drop_nulls().to_list()
            about = (table.removesuffix("s"), None)
            refuse_unknown(self.findings, self.references, code, table, column, wrong, values, known, about)
        return found

    def fit(self, table: Table, industries: pl.Series) -> Fit:
        """The multipliers; `industries` are those of the accounts, then those of this table."""
        findings = self.findings
        cells.check_columns(table, findings)
        rep_id = cells.column(table, "rep_id", findings)
        target = {name: cells.column(table, name, findings) for name in TARGETS}
        multiplier = cells.column(table, "multiplier", findings)
        given = sum((target[name].is_not_null().to_numpy().astype(np.int64) for name in TARGETS), np.zeros(1, np.int64))
        if findings.sound(*(("fit", name) for name in ("rep_id", *TARGETS))):
            wrong = np.flatnonzero(given != 1)
            findings.add("fit_needs_one_target", "fit", "", wrong, pl.Series(given[wrong], dtype=pl.Int64))
            frame = pl.DataFrame([rep_id, *target.values()])
            again = np.flatnonzero(~frame.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy())
            findings.add("duplicate_fit", "fit", "", again, entity=_the_entry)
        known = codes(target["industry"], self.names.industries) >= 0
        rows = np.flatnonzero(target["industry"].is_not_null().to_numpy() & ~known)
        findings.add(
            "fit_without_accounts", "fit", "industry", rows, target["industry"].gather(rows), entity=_the_entry
        )
        return Fit(
            rep=self._known("fit", "rep_id", rep_id, self.staff.reps, "unknown_rep", "reps"),
            account=self._known(
                "fit", "account_id", target["account_id"], self.names.ids, "unknown_account", "accounts"
            ),
            segment=self._known(
                "fit", "segment", target["segment"], self.staff.segments, "unknown_segment", "segments"
            ),
            industry=codes(target["industry"], industries),
            multiplier=floats(multiplier),
        )

    def pairs(self, table: Table) -> ExplicitPairs:
        """The caller's own numbers per account and rep; the texts of one column are let go before the next is read."""
        findings = self.findings
        cells.check_columns(table, findings)
        account = self._known(
            "pairs",
            "account_id",
            cells.column(table, "account_id", findings),
            self.names.ids,
            "unknown_account",
            "accounts",
        )
        rep = self._known(
            "pairs", "rep_id", cells.column(table, "rep_id", findings), self.staff.reps, "unknown_rep", "reps"
        )
        if findings.sound(("pairs", "account_id"), ("pairs", "rep_id")):
            self._check_seats(account, rep)
            self._check_repeats(table, account, rep)
        eligible = cells.column(table, "eligible", findings)
        return ExplicitPairs(
            account=account,
            rep=rep,
            value=floats(cells.column(table, "value", findings)),
            hours=floats(cells.column(table, "hours", findings)),
            eligible=np.asarray(eligible.cast(pl.Int8).fill_null(-1).to_numpy(writable=True), np.int8),
        )

    def _check_seats(self, account: Ints, rep: Ints) -> None:
        """Entries whose account needs nobody of the rep's role."""
        entry = np.flatnonzero((account >= 0) & (rep >= 0))
        segment, role = self.names.segment[account[entry]], self.staff.rep_role[rep[entry]]
        missing = entry[(segment >= 0) & ~self.staff.needed()[segment, role]]
        roles = self.staff.roles.gather(self.staff.rep_role[rep[missing]])
        self.findings.add(
            "pair_without_seat", "pairs", "rep_id", missing, roles,
            entity=lambda place: ("account", self.names.ids[int(account[missing[place]])]),
        )  # fmt: skip

    def _check_repeats(self, table: Table, account: Ints, rep: Ints) -> None:
        """Entries for an account and a rep that an earlier one has; unknown names are told apart by their texts."""
        keys = account.astype(np.int64) * len(self.staff.reps) + rep
        if not (account < 0).any() and not (rep < 0).any() and _all_differ(keys):
            return
        both = table.columns("account_id", "rep_id")
        again = np.flatnonzero(~both.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy())
        self.findings.add(
            "duplicate_pair", "pairs", "", again,
            entity=lambda place: ("pair", " > ".join(map(str, both.row(int(again[place]))))),
        )  # fmt: skip


def _all_differ(keys: npt.NDArray[np.int64]) -> bool:
    """Whether no key stands twice."""
    keys = np.sort(keys)
    return not bool((keys[1:] == keys[:-1]).any())


def _the_entry(_place: int) -> None:
    """Nothing but the entry itself."""
