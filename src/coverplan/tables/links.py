"""References between mapped tables: resolved by id, name or email; what points nowhere is explained."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from coverplan.tables.fields import FIELDS
from coverplan.tables.findings import Findings, did_you_mean
from coverplan.tables.mapping import Mapping, Source
from coverplan.tables.rows import OWNER_PREFIX, ROW, Rows

Tables = dict[str, Rows]


@dataclass(frozen=True)
class Reference:
    """A field of one table that points into another."""

    table: str
    field: str
    source: Source
    target: str


def link(tables: Tables, mapping: Mapping, findings: Findings) -> Tables:
    """Check and resolve every reference; derive the tables that are referred to but not given.

    Owners outside the reps stay (they left); a manager's or account's parent outside the file becomes null, with a
    note; anything else that points nowhere is an error.
    """
    tables = dict(tables)
    if "territories" in tables:
        tables["territories"] = _grouped(tables["territories"], findings)
    for table in ("territories", "managers", "reps", "accounts", "pairs"):
        if table not in tables:
            continue
        for reference in _references(table, mapping):
            if reference.field in tables[table].frame.columns and reference.target in tables:
                tables[table] = _linked(tables, reference, findings)
    _complete(tables, findings)
    return tables


def _references(table: str, mapping: Mapping) -> list[Reference]:
    section = mapping.sections.get(table)
    if section is None:
        return []
    found = [
        Reference(table, name, section.fields[name], field.target)
        for name, field in FIELDS[table].items()
        if field.target and name in section.fields
    ]
    owners = section.owners.items()
    return found + [Reference(table, OWNER_PREFIX + role, sources["rep_id"], "reps") for role, sources in owners]


def _linked(tables: Tables, reference: Reference, findings: Findings) -> Rows:
    """The table with one reference field resolved."""
    rows, known = tables[reference.table], tables[reference.target].frame
    field, source = reference.field, reference.source
    many = rows.frame[field].dtype == pl.List(pl.String)
    long = rows.frame.select(pl.int_range(pl.len()).alias("at"), pl.col(field).alias("given"))
    long = (long.explode("given") if many else long).drop_nulls("given")
    if source.match != "id":
        long = _by_name(long, rows, reference, known, findings)
    elif field == "owner" or field.startswith(OWNER_PREFIX):
        long = _owners_otherwise(long, rows, reference, known, findings)
    if reference.table == reference.target:
        long = _without_themselves(long, rows, reference, findings)
    missing = long.filter(~pl.col("given").is_in(known["id"].implode()))
    if missing.height:
        dropped = _report(rows, reference, missing, known, findings)
        long = long.join(dropped, on=["at", "given"], how="anti")
    if source.parent and "parent_id" in known.columns:
        up = known.select(given="id", parent="parent_id")
        long = long.join(up, on="given", how="left", maintain_order="left").select("at", given="parent")
        for at in long.filter(pl.col("given").is_null())["at"]:
            findings.error(rows.message(at, field, "names a territory without a parent, but the mapping says parent."))
    values = (
        long.group_by("at", maintain_order=True).agg(pl.col("given").drop_nulls().unique(maintain_order=True))
        if many
        else long.unique("at", keep="first")
    )
    joined = rows.frame.select(pl.int_range(pl.len()).alias("at")).join(
        values, on="at", how="left", maintain_order="left"
    )
    column = joined["given"].fill_null(pl.Series([[]], dtype=pl.List(pl.String))) if many else joined["given"]
    return rows.with_frame(rows.frame.with_columns(column.alias(field)))


def _without_themselves(long: pl.DataFrame, rows: Rows, reference: Reference, findings: Findings) -> pl.DataFrame:
    """Drop references of a row to itself: exports of the ultimate parent have them where there is nothing above."""
    itself = long["given"] == rows.frame["id"].gather(long["at"])
    if itself.any():
        name = rows.columns.get(reference.field, reference.field)
        findings.note(f"{rows.table} that name themselves as {name} stand at the top: {int(itself.sum()):,}")
    return long.filter(~itself)


def _by_name(
    long: pl.DataFrame, rows: Rows, reference: Reference, known: pl.DataFrame, findings: Findings
) -> pl.DataFrame:
    """Replace names or emails by ids; a name that two share is refused."""
    field, key = reference.field, reference.source.match
    if key not in known.columns:
        findings.error(rows.message(0, field, f"is matched by {key}, but that table has none."))
        return long
    book = known.drop_nulls(key).group_by(key).agg(pl.col("id").first(), pl.len().alias("count"))
    found = long.join(book, left_on="given", right_on=key, how="left", maintain_order="left")
    for row in found.filter(pl.col("count") > 1).to_dicts():
        findings.error(rows.message(row["at"], field, f"'{row['given']}' is the {key} of {row['count']} entries."))
    return found.select("at", given=pl.coalesce("id", "given"))


def _owners_otherwise(
    long: pl.DataFrame, rows: Rows, reference: Reference, known: pl.DataFrame, findings: Findings
) -> pl.DataFrame:
    """Where no owner is a rep's id but some are a rep's name or email, these are meant."""
    if long["given"].is_in(known["id"].implode()).any():
        return long
    for match in ("name", "email"):
        if match in known.columns and long["given"].is_in(known[match].drop_nulls().implode()).any():
            findings.note(f"{rows.file}: owners are given by {match}, and matched with the reps' {match}s")
            other = replace(reference, source=replace(reference.source, match=match))
            return _by_name(long, rows, other, known, findings)
    return long


def _report(
    rows: Rows, reference: Reference, missing: pl.DataFrame, known: pl.DataFrame, findings: Findings
) -> pl.DataFrame:
    """Say what points nowhere; returns the references to drop."""
    field, target = reference.field, reference.target
    nothing = missing.clear()
    ids = [str(identity) for identity in known["id"].drop_nulls()]
    short = {identity.lstrip("0"): identity for identity in ids}
    loose = {identity.casefold(): identity for identity in ids}
    other = _otherwise(known) if field.startswith("owner") else {}
    lenient = field.startswith(("owner", "parent_id")) or (rows.table, field) == ("managers", "manager_id")
    unknown: list[tuple[int, str]] = []
    for at, given in missing.select("at", "given").iter_rows():
        twin = short.get(given.lstrip("0"))
        spelt = loose.get(given.casefold())
        if twin is not None and given.isdigit():
            advice = f"Export the ids as text, or fill up with zeros: pad = {max(len(twin), len(given))} on both ids."
            text = f"'{given}' is not in {target}, but '{twin}' is: a spreadsheet dropped leading zeros."
            findings.error(rows.message(at, field, text, advice))
        elif spelt is not None:
            findings.error(
                rows.message(at, field, f"'{given}' is not in {target}, but '{spelt}' is.", "Spell it alike.")
            )
        elif given.casefold() in other:
            key, written, identity = other[given.casefold()]
            text = (
                f"'{given}' is not in {target} by {reference.source.match}, but '{identity}' has the {key} '{written}'."
            )
            findings.error(rows.message(at, field, text, "Write all owners in one way."))
        elif lenient:
            unknown.append((at, given))
        else:
            findings.error(rows.message(at, field, f"'{given}' is not in {target}.", did_you_mean(given, ids)))
    if not unknown:
        return nothing
    names = list(dict.fromkeys(given for _, given in unknown))
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    if field.startswith("owner"):
        findings.note(f"{len(unknown):,} accounts are owned by reps who are not in the reps (they left): {shown}")
        return nothing
    what = "stand at the top" if rows.table == "managers" else "get no parent"
    findings.note(
        f"{len(unknown):,} {rows.table} {what}, as {rows.columns.get(field, field)} {shown} is not in {target}"
    )
    return pl.DataFrame(unknown, schema={"at": missing.schema["at"], "given": pl.String}, orient="row")


def _otherwise(known: pl.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Names and emails, in lower case, as key, as written and with the id."""
    return {
        written.casefold(): (key, written, identity)
        for key in ("email", "name")
        if key in known.columns
        for written, identity in known.select(key, "id").drop_nulls().iter_rows()
    }


def _grouped(rows: Rows, findings: Findings) -> Rows:
    """Territories with the levels that their group columns name: parents of their own, ids as written."""
    levels = [name for name in rows.frame.columns if name.startswith("group ")]
    frame = rows.frame
    if not levels:
        return rows
    first = pl.coalesce("parent_id", levels[0]) if "parent_id" in frame.columns else pl.col(levels[0])
    base = frame.with_columns(first.alias("parent_id")).drop(levels)
    parts = [base]
    for k, level in enumerate(levels):
        above = (
            frame[levels[k + 1]] if k + 1 < len(levels) else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        )
        group = pl.DataFrame({"id": frame[level], "parent_id": above, ROW: frame[ROW]}).drop_nulls("id")
        for row in (
            group.group_by("id").agg(pl.col("parent_id").n_unique().alias("n")).filter(pl.col("n") > 1).to_dicts()
        ):
            text = f"'{row['id']}' lies under {row['n']} different groups."
            findings.error(rows.message(0, levels[k + 1], text, "Give the group one parent."))
        group = group.unique("id", keep="first", maintain_order=True)
        for name in group.filter(pl.col("id").is_in(frame["id"].implode()))["id"]:
            findings.error(rows.message(0, level, f"'{name}' is a group and a territory.", "Rename one of them."))
        parts.append(group.with_columns(name=pl.col("id")) if "name" in base.columns else group)
        findings.note(f"territories: {group.height} groups above them by {rows.columns.get(level, level)}")
    return rows.with_frame(pl.concat(parts, how="diagonal_relaxed"))


def _complete(tables: Tables, findings: Findings) -> None:
    """Derive reps, managers and territories from what refers to them, where no table is given."""
    owners = [name for name in tables["accounts"].frame.columns if name == "owner" or name.startswith(OWNER_PREFIX)]
    if "reps" not in tables and owners:
        parts = []
        for name in owners:
            found = tables["accounts"].frame.select(id=name).drop_nulls().unique(maintain_order=True)
            role = name.removeprefix(OWNER_PREFIX) if name != "owner" else None
            parts.append(found.with_columns(role=pl.lit(role, dtype=pl.String)))
        frame = pl.concat(parts).unique("id", keep="first", maintain_order=True).sort("id")
        if "owner" in owners and len(owners) == 1:
            frame = frame.drop("role")
        tables["reps"] = Rows("reps", tables["accounts"].file, _without_rows(frame), {})
        findings.note(f"reps: the {frame.height:,} owners found in {tables['accounts'].file}")
    _derive(tables, "managers", [("reps", "manager_id")], findings)
    _derive(tables, "territories", [("accounts", "territory_id"), ("reps", "territory_ids")], findings)


def _derive(tables: Tables, target: str, sources: list[tuple[str, str]], findings: Findings) -> None:
    if target in tables:
        return
    parts = []
    for table, field in sources:
        if table in tables and field in tables[table].frame.columns:
            values = tables[table].frame[field]
            values = values.explode() if values.dtype == pl.List(pl.String) else values
            parts.append(values.cast(pl.String).drop_nulls().alias("id"))
    if parts:
        frame = pl.concat(parts).unique().sort().to_frame()
        if frame.height:
            tables[target] = Rows(target, tables["accounts"].file, _without_rows(frame), {})
            findings.note(
                f"{target}: the {frame.height:,} that are named by {' and '.join(table for table, _ in sources)}"
            )


def _without_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, dtype=pl.Int64).alias(ROW))
