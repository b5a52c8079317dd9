"""The accounts of a book: read, checked and turned into columns, one field at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from coverplan.domain.instance import Accounts, Bools, Current, Dates, Floats, Ints, Ragged, Segments, Texts
from coverplan.payload.columns import HISTORY_YEARS
from coverplan.payload.issues import pointer
from coverplan.payload.references import MAX_SHOWN, References
from coverplan.tables.bulk import cells
from coverplan.tables.bulk.codes import codes, exploded, flags, flat_texts, floats, ragged
from coverplan.tables.bulk.cycles import around, circles
from coverplan.tables.bulk.fields import fields_of
from coverplan.tables.bulk.findings import AT, BookFindings, Rows
from coverplan.tables.bulk.sources import Table

TABLE = "accounts"


@dataclass(frozen=True, eq=False)
class Staff:
    """What accounts, fit and pairs refer to: names in the order of their positions."""

    roles: pl.Series
    segments: pl.Series
    territories: pl.Series
    reps: pl.Series
    rep_role: Ints
    """Role of each rep."""
    needs: Segments
    """The coverage model."""

    def needed(self) -> Bools:
        """Whether a segment needs a role, (segments, roles)."""
        return self.needs.roles.matrix(len(self.roles))

    def first_role(self) -> Ints:
        """The primary role of each segment."""
        return self.needs.roles.values[self.needs.roles.start[:-1]].astype(np.int32)


@dataclass(frozen=True, eq=False)
class Names:
    """Names that the accounts bring along."""

    ids: pl.Series
    segment: Ints
    industry: pl.Series
    industries: pl.Series
    skills: pl.Series
    tags: pl.Series


class AccountReader:
    """Reads one table of accounts; every column is checked as it is read."""

    def __init__(self, table: Table, staff: Staff, findings: BookFindings) -> None:
        self.table, self.staff, self.findings = table, staff, findings
        self.ids = self.read("id")
        findings.names[TABLE] = lambda row: self.ids[row]
        self.references = References(findings.report, AT)

    def read(self, name: str) -> pl.Series:
        """A field as its document has it, null where it is absent."""
        return cells.column(self.table, name, self.findings)

    def filled(self, name: str) -> pl.Series:
        """The same with the field's default for null."""
        return self.read(name).fill_null(fields_of(TABLE)[name].default)

    def columns(self) -> tuple[Accounts, Current, Names]:
        """The accounts, who covers them today, and the names they bring along."""
        cells.check_columns(self.table, self.findings)
        check_unique(TABLE, "account", self.ids, self.findings)
        ids = flat_texts(self.ids.fill_null(""))
        segment = self._known("segment", self.filled("segment"), self.staff.segments, "unknown_segment")
        industry = self.read("industry")
        industries = industry.drop_nulls().unique(maintain_order=True)
        required, tags = self.read("required_skills"), self.read("tags")
        skill_names = exploded(required).drop_nulls().unique(maintain_order=True)
        tag_names = exploded(tags).drop_nulls().unique(maintain_order=True)
        location = self.read("location")
        accounts = Accounts(
            ids=ids,
            names=self._names(ids),
            parent=self._parents(),
            territory=self._known(
                "territory_id", self.read("territory_id"), self.staff.territories, "unknown_territory"
            ),
            segment=segment,
            industry=codes(industry, industries),
            customer=flags(self.filled("kind") == "customer"),
            history=self._history(),
            last_year_months=floats(self.filled("last_year_months")),
            expected_revenue=floats(self.read("expected_revenue")),
            potential=floats(self.filled("potential")),
            hours=floats(self.read("hours")),
            strength=floats(self.filled("relationship_strength")),
            open_opportunity=flags(self.read("open_opportunity")),
            locked=flags(self.read("locked")),
            lat=floats(location.struct.field("lat")),
            lon=floats(location.struct.field("lon")),
            skills=_listed(required, skill_names),
            tags=_listed(tags, tag_names),
        )
        names = Names(self.ids, segment, industry, industries, skill_names, tag_names)
        return accounts, self._current(segment), names

    def _names(self, ids: Texts) -> Texts:
        if "name" not in self.table.schema:
            return ids
        return flat_texts(pl.select(pl.coalesce(self.read("name"), self.ids, pl.lit(""))).to_series())

    def _known(self, column: str, values: pl.Series, names: pl.Series, code: str) -> Ints:
        """Positions of references; those that name nothing are told of."""
        found = codes(values, names)
        owner = {"territory_id": "territories", "segment": "segments", "parent_id": TABLE}[column]
        if self.findings.sound((owner, "id"), (TABLE, column)):
            wrong = np.flatnonzero((found < 0) & values.is_not_null().to_numpy())
            known = [] if owner == TABLE else names.drop_nulls().to_list()
            refuse_unknown(self.findings, self.references, code, TABLE, column, wrong, values, known)
        return found

    def _parents(self) -> Ints:
        if "parent_id" not in self.table.schema:
            return np.full(self.table.height, -1, np.int32)
        parent = self._known("parent_id", self.read("parent_id"), self.ids, "unknown_account")
        first = circles(parent)

        def tell(place: int, path: list[str | int]) -> None:
            row = int(first[place])
            rows, whole = around(parent, row, MAX_SHOWN)
            shown = [self.ids[one] for one in rows] + ([] if whole else ["..."]) + [self.ids[row]]
            own = self.ids[row]
            self.findings.report.add(
                "account_cycle", pointer(AT, path), value=own, entity=("account", own), path=" > ".join(shown)
            )

        self.findings.rows("account_cycle", TABLE, "parent_id", first, tell)
        return parent

    def _history(self) -> Floats:
        years = self.read("revenue_history")
        newest = [floats(years.list.get(-1 - back, null_on_oob=True)) for back in range(HISTORY_YEARS)]
        return np.column_stack(newest)

    def _current(self, segment: Ints) -> Current:
        """Today's reps; each for a role of the segment that no entry before it has."""
        lists = self.read("current")
        lengths = lists.list.len().to_numpy().astype(np.int64)
        entries = exploded(lists)
        account = np.repeat(np.arange(len(lengths)), lengths)
        place = np.arange(len(account)) - (np.cumsum(lengths) - lengths)[account]
        role_id, rep_id = entries.struct.field("role"), entries.struct.field("rep_id")
        role = codes(role_id, self.staff.roles)
        own = segment[account]
        primary = (role_id.is_null().to_numpy()) & (own >= 0)
        role[primary] = self.staff.first_role()[own[primary]]
        if self.findings.sound((TABLE, "segment"), (TABLE, "current")):
            self._check_roles(account, place, own, role, role_id)
        since: Dates = entries.struct.field("since").to_numpy().astype("datetime64[D]")
        rep_ids = flat_texts(rep_id.fill_null(""))
        return Current(account.astype(np.int32), role, codes(rep_id, self.staff.reps), rep_ids, since)

    def _check_roles(self, account: Rows, place: Rows, own: Ints, role: Ints, role_id: pl.Series) -> None:
        roles = self.staff.roles.gather(np.maximum(role, 0))
        held = pl.select(pl.coalesce(role_id, roles)).to_series()
        needed = self.staff.needed()
        wrong = np.flatnonzero((own >= 0) & ~((role >= 0) & needed[np.maximum(own, 0), np.maximum(role, 0)]))

        def tell(number: int, path: list[str | int]) -> None:
            entry = int(wrong[number])
            at = pointer(AT, [*path, int(place[entry]), "role"])
            mine = self.staff.roles.gather(np.flatnonzero(needed[own[entry]])).to_list()
            hint = "Its roles are " + ", ".join(mine) + "."
            entity, name = self.findings.entity(TABLE, int(account[entry])), self.staff.segments[int(own[entry])]
            self.findings.report.add(
                "role_not_in_segment", at, value=held[entry], entity=entity, suggestion=hint, segment=name
            )

        self.findings.rows("role_not_in_segment", TABLE, "current", account[wrong], tell)
        seats = pl.DataFrame({"account": account, "role": held})
        again = (~seats.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()) & (own >= 0)
        rows = np.flatnonzero(again)
        self.findings.add(
            "duplicate_role", TABLE, "current", account[rows], held.gather(rows), places=place[rows], part="role"
        )


def check_unique(table: str, kind: str, ids: pl.Series, findings: BookFindings) -> None:
    """Ids that an earlier row has."""
    again = np.flatnonzero((~ids.is_first_distinct() & ids.is_not_null()).to_numpy())
    findings.add("duplicate_id", table, "id", again, ids.gather(again), kind=kind)


def refuse_unknown(
    findings: BookFindings,
    references: References,
    code: str,
    table: str,
    column: str,
    wrong: Rows,
    values: pl.Series,
    known: list[str],
    entity: tuple[str, str | None] | None = None,
) -> None:
    """Issues for references that name nothing, with the closest name where there are few."""

    def tell(place: int, path: list[str | int]) -> None:
        row = int(wrong[place])
        references.known(code, values[row], known, path, entity or findings.entity(table, row))

    findings.rows(code, table, column, wrong, tell)


def _listed(lists: pl.Series, names: pl.Series) -> Ragged:
    """Lists of names as positions; nulls, which stand for faults, are left out."""
    return ragged(lists.list.drop_nulls(), names)
