"""Bad tables: the documents' own checks are the judge of codes and places, and nothing else ever happens."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.checks import check_references
from coverplan.payload.issues import IssueReport, PayloadError
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reading import read_document
from coverplan.tables.bulk.cycles import circles
from coverplan.tables.bulk.read import examine_book, read_book
from coverplan.tables.bulk.sources import open_book
from support.sampling import examples
from support.tables import raw_document

Frames = dict[str, pl.DataFrame]
HEAD = {"segments": [{"id": "big", "roles": [{"role": "ae"}, {"role": "se"}]}]}
HELD = pl.List(pl.Struct({"role": pl.String, "rep_id": pl.String}))


def frames() -> Frames:
    """A sound book of three accounts."""
    accounts = {"id": ["a", "b", "c"], "segment": ["big"] * 3, "territory_id": ["west", None, "land"]}
    reps = {"id": ["r", "s"], "role": ["ae", "se"], "manager_id": ["m", None], "territory_ids": [["west"], []]}
    return {
        "territories": pl.DataFrame({"id": ["land", "west"], "parent_id": [None, "land"]}),
        "managers": pl.DataFrame({"id": ["m"]}),
        "reps": pl.DataFrame(reps),
        "accounts": pl.DataFrame(accounts),
        "fit": pl.DataFrame({"rep_id": ["r"], "account_id": ["a"], "multiplier": [1.5]}),
        "pairs": pl.DataFrame({"account_id": ["a", "b"], "rep_id": ["r", "r"]}),
    }


def written(folder: Path, tables: Frames) -> Path:
    (folder / "problem.json").write_text(json.dumps(HEAD))
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def by_documents(folder: Path) -> IssueReport:
    try:
        problem = read_document(Problem, json.dumps(raw_document(folder), default=str).encode(), "/problem")
    except PayloadError as error:
        return error.report
    return check_references(problem, Policy())


def by_columns(folder: Path) -> IssueReport:
    try:
        return examine_book(open_book(folder))[1]
    except PayloadError as error:
        return error.report


def series(*values: Any, dtype: Any = None) -> pl.Series:
    return pl.Series(values, dtype=dtype)


def held(*entries: Any) -> pl.Series:
    return pl.Series([list(entries), [], None], dtype=HELD)


SPOT = pl.Struct({"lat": pl.Float64, "lon": pl.Float64})
CASES: list[tuple[str, str, pl.Series]] = [
    ("accounts", "id", series(1, 2, 3)),
    ("accounts", "id", series("a", "b", "a")),
    ("accounts", "id", series("a", None, "c")),
    ("accounts", "id", series("a", "", "x" * 201)),
    ("accounts", "id", series("a", "b\n", "c")),
    ("accounts", "name", series("a", "x" * 501, None)),
    ("accounts", "potential", series("5", None, None)),
    ("accounts", "potential", series(True, False, None)),
    ("accounts", "potential", series(1.0, float("nan"), float("inf"))),
    ("accounts", "potential", series(-1, 0, 2 * 10**15)),
    ("accounts", "expected_revenue", series(-1.0, None, 1.0)),
    ("accounts", "relationship_strength", series(1001.0, 1000.0, None)),
    ("accounts", "open_opportunity", series(1, 0, None)),
    ("accounts", "locked", series("yes", None, None)),
    ("accounts", "kind", series("customer", "client", None)),
    ("accounts", "kind", series(1, None, None)),
    ("accounts", "revenue_history", series([1.0, -2.0], [], None)),
    ("accounts", "revenue_history", series([1.0, None], [], None)),
    ("accounts", "revenue_history", series(["1"], [], None)),
    ("accounts", "revenue_history", series(1.0, 2.0, None)),
    ("accounts", "revenue_history", series([0.0] * 101, [], None)),
    ("accounts", "tags", series([1], [], None)),
    ("accounts", "tags", series(["x", ""], ["y\t"], None)),
    ("accounts", "tags", series(["x"] * 201, [], None)),
    ("accounts", "location", series({"lat": 91.0, "lon": -181.0}, {"lat": 0.0, "lon": 0.0}, None, dtype=SPOT)),
    ("accounts", "location", series({"lat": 1.0, "lon": None}, None, None, dtype=SPOT)),
    ("accounts", "location", series({"lat": 1.0, "lon": 1.0, "alt": 5}, None, None)),
    ("accounts", "location", series(1.0, None, None)),
    ("accounts", "current", held({"role": "ae", "rep_id": None})),
    ("accounts", "current", held({"role": "cs", "rep_id": "r"})),
    ("accounts", "current", held({"role": None, "rep_id": "r"}, {"role": "ae", "rep_id": "r"})),
    ("accounts", "current", held({"role": "xx", "rep_id": "r"}, {"role": "xx", "rep_id": "r"})),
    ("accounts", "current", series([{"rep_id": "r", "since": "2020-13-01"}], [], None)),
    ("accounts", "current", series(["r"], [], None)),
    ("accounts", "territory_id", series("west", "wset", None)),
    ("accounts", "segment", series("big", "small", None)),
    ("accounts", "parent_id", series("b", "zz", None)),
    ("accounts", "parent_id", series("b", "a", "a")),
    ("accounts", "parent_id", series(None, None, "c")),
    ("accounts", "colour", series("red", None, None)),
    ("reps", "status", series("active", "gone")),
    ("reps", "start_date", series("2027-02-30", "2027-1-1")),
    ("reps", "start_date", series(dt.datetime(2027, 1, 1), None)),
    ("reps", "start_date", series(20270101, None)),
    ("reps", "ramp", series([0.5, 1.5], None)),
    ("reps", "capacity_hours", series(-1.0, 2e9)),
    ("reps", "territory_ids", series(["west", "east"], None)),
    ("reps", "manager_id", series("boss", None)),
    ("reps", "id", series("r", "r")),
    ("reps", "segments", series(["big", "tiny"], [])),
    ("managers", "manager_id", series("m")),
    ("managers", "id", series("", dtype=pl.String)),
    ("territories", "parent_id", series("west", "land")),
    ("territories", "revenue_target", series(-1.0, None)),
    ("fit", "multiplier", series(-1.0)),
    ("fit", "multiplier", series(None, dtype=pl.Float64)),
    ("fit", "rep_id", series("q")),
    ("fit", "account_id", series("q")),
    ("fit", "segment", series("big")),
    ("fit", "segment", series("q")),
    ("fit", "account_id", series(None, dtype=pl.String)),
    ("fit", "industry", series("steel")),
    ("pairs", "account_id", series("a", "q")),
    ("pairs", "account_id", series("a", "a")),
    ("pairs", "account_id", series("a", None)),
    ("pairs", "rep_id", series("q", "q")),
    ("pairs", "value", series(2e15, -2e15)),
    ("pairs", "eligible", series("no", None)),
]


@pytest.mark.parametrize(
    ("table", "column", "values"), CASES, ids=[f"{t}-{c}-{i}" for i, (t, c, _) in enumerate(CASES)]
)
def test_tables_are_refused_as_their_documents_are(table: str, column: str, values: pl.Series, tmp_path: Path) -> None:
    """The same errors at the same places, and as many of them."""
    tables = frames()
    tables[table] = tables[table].with_columns(values.alias(column))
    written(tmp_path, tables)

    documents, columns = by_documents(tmp_path), by_columns(tmp_path)

    assert {(issue.code, issue.pointer) for issue in columns.errors} == {
        (issue.code, issue.pointer) for issue in documents.errors
    }
    assert columns.total_errors == documents.total_errors
    assert columns.total_errors


@given(st.lists(st.sampled_from(CASES), min_size=2, max_size=4, unique_by=lambda case: case[:2]))
@examples(60)
def test_several_faults_are_told_at_once(cases: list[tuple[str, str, pl.Series]]) -> None:
    """All that the document would be refused for."""
    tables = frames()
    for table, column, values in cases:
        tables[table] = tables[table].with_columns(values.alias(column))
    with tempfile.TemporaryDirectory() as name:
        folder = written(Path(name), tables)
        documents, columns = by_documents(folder), by_columns(folder)

    told = {(issue.code, issue.pointer) for issue in columns.errors}
    judged = {(issue.code, issue.pointer) for issue in documents.errors}
    assert judged <= told


def test_a_blank_column_that_no_field_stands_for_is_no_error(tmp_path: Path) -> None:
    """As documents leave nulls out."""
    tables = frames()
    tables["accounts"] = tables["accounts"].with_columns(colour=pl.lit(None, pl.String))

    assert read_book(written(tmp_path, tables)).instance.n_accounts == 3


def test_the_first_twenty_rows_of_a_rule_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    """30 accounts lie nowhere, 25 have a negative potential."""
    tables = frames()
    ids = [f"a{row}" for row in range(30)]
    tables["accounts"] = pl.DataFrame(
        {"id": ids, "territory_id": ["x"] * 30, "potential": [-1.0] * 25 + [0.0] * 5, "segment": ["big"] * 30}
    )
    tables["pairs"] = tables["fit"] = pl.DataFrame()

    report = by_columns(written(tmp_path, tables))

    listed = Counter(issue.code for issue in report.errors)
    assert listed == {"unknown_territory": 20, "out_of_range": 20}
    assert report.total_errors == 55
    assert report.more == {
        "accounts.potential [out_of_range]": 5,
        "accounts.territory_id [unknown_territory]": 10,
    }


def test_places_are_file_row_and_column(tmp_path: Path) -> None:
    """A spreadsheet's rows count from the header on, and a blank one counts too; Parquet has no header."""
    written(tmp_path, frames())
    (tmp_path / "accounts.parquet").unlink()
    (tmp_path / "accounts.csv").write_text("id,potential,lat,lon\na,1,,\n,,,\nb,x,99,0\n")

    report, sources = by_columns(tmp_path), open_book(tmp_path)

    [wrong] = [issue for issue in report.errors if issue.code == "wrong_type"]
    [far] = [issue for issue in report.errors if issue.code == "out_of_range"]
    assert sources.place(wrong.pointer) == f"{tmp_path / 'accounts.csv'}, row 4, potential"
    assert sources.place(far.pointer) == f"{tmp_path / 'accounts.csv'}, row 4, lat"
    assert sources.place("/problem/reps/0/id") == f"{tmp_path / 'reps.parquet'}, row 1, id"
    assert sources.place("/policy/constraints/0") is None


def test_a_table_twice_and_a_table_in_the_head_are_refused(tmp_path: Path) -> None:
    """Nobody can say which of them counts."""
    written(tmp_path, frames())
    (tmp_path / "reps.csv").write_text("id\nr\n")
    (tmp_path / "problem.json").write_text(json.dumps({**HEAD, "territories": []}))

    told = [(issue.code, issue.pointer) for issue in by_columns(tmp_path).errors]

    assert told == [("unknown_field", "/problem/territories"), ("invalid_value", "/problem/reps")]


def test_flat_and_nested_columns_of_one_thing_are_refused(tmp_path: Path) -> None:
    tables = frames()
    spot = pl.Series([{"lat": 1.0, "lon": 1.0}] * 3)
    tables["accounts"] = tables["accounts"].with_columns(location=spot, lat=pl.lit(1.0))

    assert [issue.code for issue in by_columns(written(tmp_path, tables)).errors] == ["duplicate_key"]


@given(st.data())
@examples(60)
def test_circles_are_those_of_a_walk(data: st.DataObject) -> None:
    """Each row walked up until it meets itself; the smallest row of a circle stands for it."""
    size = data.draw(st.integers(1, 12))
    parent = np.array(data.draw(st.lists(st.integers(-1, size - 1), min_size=size, max_size=size)), np.int32)

    members = set()
    for row in range(size):
        trail, above = [row], int(parent[row])
        while above >= 0 and above not in trail:
            trail.append(above)
            above = int(parent[above])
        if above == row:
            members.add(min(trail))

    assert circles(parent).tolist() == sorted(members)


GARBAGE: dict[str, bytes] = {
    "accounts.parquet": b"PAR1 this is no table PAR1",
    "accounts.csv": b"id,potential\na,1\x00\n",
    "reps.csv": b"PK\x03\x04 a workbook",
    "pairs.csv": b'account_id,rep_id\n"a,r\n',
    "fit.csv": b"",
    "territories.csv": b"id\na,b,c\n",
    "managers.csv": (",".join(f"c{number}" for number in range(10_000)) + "\n" + ",".join("1" * 10_000)).encode(),
    "problem.json": b'{"horizon": ',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_file_that_is_no_table_is_named(name: str, tmp_path: Path) -> None:
    """Whatever it is."""
    written(tmp_path, frames())
    (tmp_path / name).with_suffix(".parquet").unlink(missing_ok=True)
    (tmp_path / name).write_bytes(GARBAGE[name])

    report = by_columns(tmp_path)

    stem = name.split(".", maxsplit=1)[0]
    assert report.total_errors
    assert all(stem in issue.pointer or stem == "problem" for issue in report.errors)


@given(st.integers(0, 10**6), st.sampled_from(["accounts", "reps", "pairs"]), st.binary(max_size=8), st.booleans())
@examples(80)
def test_a_damaged_parquet_file_is_refused_or_read(cut: int, name: str, dirt: bytes, keep_tail: bool) -> None:
    """Cut short, or overwritten in the middle: an error in words, or a book; nothing else gets out."""
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), frames())
        file = Path(folder) / f"{name}.parquet"
        data = file.read_bytes()
        place = cut % len(data)
        file.write_bytes(data[:place] + dirt + (data[place + len(dirt) :] if keep_tail else b""))

        report = by_columns(Path(folder))

    assert report.total_errors or keep_tail


@given(st.text(st.sampled_from('ab1;,"\n\r\t= -.é\ufeff'), max_size=60), st.sampled_from(["accounts", "reps", "fit"]))
@examples(80)
def test_any_csv_is_refused_or_read(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), frames())
        (Path(folder) / f"{name}.parquet").unlink()
        (Path(folder) / f"{name}.csv").write_text(text, newline="")

        report = by_columns(Path(folder))

    assert report.total_errors or text.lstrip("\ufeff").split() != []
