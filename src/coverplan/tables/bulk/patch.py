"""A patch applied to the tables of a sound book, column by column."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from coverplan.payload.dataset_patch import AccountPatch, DatasetPatch, RepPatch
from coverplan.payload.issues import IssueReport, pointer
from coverplan.tables.bulk.codes import codes
from coverplan.tables.bulk.fields import MODELS, fields_of
from coverplan.tables.bulk.findings import BookFindings
from coverplan.tables.bulk.read import checked_frame
from coverplan.tables.bulk.sources import Table, open_table, reading

RELATIONS = ("fit", "pairs")
"""Tables whose rows go with the account or the rep that they are about."""


def apply_patch(parent: Path, patch: DatasetPatch, target: Path) -> IssueReport:
    """Write the tables of `parent` with the changes into `target`; ids that are not there are errors.

    Raises:
        UnreadableTableError: a table of the parent cannot be read.
    """
    report = IssueReport()
    for name in MODELS:
        table = open_table(parent, name)
        if table is None and name not in ("accounts", "reps"):
            continue
        out = target / f"{name}.parquet"
        if name == "accounts":
            _patched(name, "account", table, patch.accounts, out, report)
        elif name == "reps":
            _patched(name, "rep", table, patch.reps, out, report)
        elif name in RELATIONS and table is not None:
            _without(table, {"account_id": patch.accounts.remove, "rep_id": patch.reps.remove}, out)
        elif table is not None:
            _share(table, out)
    return report


def _patched(
    name: str, entity: str, table: Table | None, part: AccountPatch | RepPatch, out: Path, report: IssueReport
) -> None:
    added, changed, removed = len(part.add), [one.id for one in part.change], list(part.remove)
    if not (added or changed or removed):
        if table is not None:
            _share(table, out)
        return
    schema = {field.name: field.dtype for field in fields_of(name).values()}
    frame = pl.DataFrame(schema=schema) if table is None else checked_frame(table, BookFindings())
    ids = frame["id"]
    place = codes(pl.Series(changed, dtype=pl.String), ids)
    gone = codes(pl.Series(removed, dtype=pl.String), ids)
    there = codes(pl.Series([one.id for one in part.add], dtype=pl.String), ids)
    for rows, names, path in ((place, changed, ["change", "id"]), (gone, removed, ["remove"])):
        for row in np.flatnonzero(rows < 0).tolist():
            report.add(f"unknown_{entity}", pointer("", [name, path[0], row, *path[1:]]), value=names[row])
    for row in np.flatnonzero(there >= 0).tolist():
        report.add("duplicate_id", pointer("", [name, "add", row, "id"]), value=part.add[row].id, kind=entity)
    if report.total_errors:
        return
    touched = np.concatenate([place, gone]).astype(np.int64)
    kept = np.ones(frame.height, np.bool_)
    kept[touched] = False
    numbered = frame.with_row_index("row")
    before = numbered[place.tolist()].to_dicts() if len(place) else []
    changes: list[Any] = list(part.change)
    after = [{**row, **one.fields.model_dump(exclude_unset=True)} for row, one in zip(before, changes, strict=True)]
    new = [{"row": frame.height + row, **one.model_dump()} for row, one in enumerate(part.add)]
    whole = pl.concat([numbered.filter(pl.Series(kept)), _framed(after, numbered), _framed(new, numbered)])
    with reading(out):
        whole.sort("row").drop("row").write_parquet(out)


def _framed(rows: list[dict[str, Any]], like: pl.DataFrame) -> pl.DataFrame:
    return pl.from_dicts(rows, schema=like.schema) if rows else like.clear()


def _without(table: Table, removed: dict[str, list[str]], out: Path) -> None:
    """The rows that are about none of the removed."""
    wanted = {name: ids for name, ids in removed.items() if ids and name in table.schema}
    if not wanted:
        _share(table, out)
        return
    about = [pl.col(name).cast(pl.String).is_in(ids).fill_null(False) for name, ids in wanted.items()]
    with reading(table.file):
        pl.scan_parquet(table.file).filter(~pl.any_horizontal(about)).sink_parquet(out)


def _share(table: Table, out: Path) -> None:
    """The same file in another folder."""
    os.link(table.file, out)
