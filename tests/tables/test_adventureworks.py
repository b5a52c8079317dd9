"""The AdventureWorks tables through the mapping of the benchmark; counts taken from the CSV files by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.problem import Problem
from coverplan.tables.convert import Conversion, convert

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "adventureworks"
MAPPING = ROOT / "benchmarks" / "instances" / "adventureworks" / "mapping.toml"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")


@pytest.fixture(scope="module")
def done() -> Conversion:
    files = {"accounts": "stores", "reps": "salespeople"}
    return convert({name: DATA / f"{file}.csv" for name, file in files.items()}, MAPPING.read_text())


def test_all_stores_with_their_owners_and_amounts(done: Conversion) -> None:
    """Compared with the file row by row, read by another reader."""
    document: Any = done.document
    with (DATA / "stores.csv").open(encoding="utf-8", newline="") as file:
        stores = {row["store_id"]: row for row in csv.DictReader(file)}

    assert len(document["accounts"]) == len(stores) == 701
    for account in document["accounts"]:
        store = stores[account["id"]]
        assert account["current"] == [{"rep_id": store["owner_salesperson_id"]}]
        assert account["revenue_history"] == [float(store["annual_revenue"])]
        assert account["potential"] == float(store["annual_sales"])
        assert account["territory_id"] == store["territory_id"]
        if (store["lat"], store["lon"]) != ("0.0", "0.0"):
            assert account["location"] == {"lat": float(store["lat"]), "lon": float(store["lon"])}


def test_fourteen_reps_in_three_groups(done: Conversion) -> None:
    """275-284 under 274, 286 under 285, 288-290 under 287."""
    document: Any = done.document
    teams: dict[str, list[str]] = {}
    for rep in document["reps"]:
        teams.setdefault(f"{rep['manager_id']} {rep['territory_ids'][0]}", []).append(rep["id"])

    assert teams == {
        "274 North America": ["275", "276", "277", "278", "279", "280", "281", "282", "283", "284"],
        "285 Pacific": ["286"],
        "287 Europe": ["288", "289", "290"],
    }
    assert {manager["id"]: manager.get("manager_id") for manager in document["managers"]} == dict.fromkeys(
        ["274", "285", "287"]
    )
    roots = {entry["id"] for entry in document["territories"] if "parent_id" not in entry}
    assert roots == {"North America", "Europe", "Pacific"}


def test_the_hire_is_ours_and_said_so(done: Conversion) -> None:
    document: Any = done.document
    (hire,) = [rep for rep in document["reps"] if rep["id"] == "284"]

    assert (hire["status"], hire["start_date"]) == ("hired", "2014-10-01")
    assert any(note.startswith("override: reps 284") and "ours" in note for note in done.findings.notes)
    assert any("reps.capacity_hours = 1800.0" in note for note in done.findings.notes)
    assert any("'hours': 24" in note for note in done.findings.notes)


def test_capacity_is_meaningful_yet_feasible(done: Conversion) -> None:
    """75 stores per full-year rep: North America holds its 541 stores, but four of today's books are too large.

    284 works from month 3 on: (0 + 0.25 + 0.5 + 0.75 + 5) / 12 of 1,800 hours = 975.
    """
    document: Any = done.document
    books: dict[str, int] = {}
    for account in document["accounts"]:
        books[account["current"][0]["rep_id"]] = books.get(account["current"][0]["rep_id"], 0) + 1
    north_america = [rep["id"] for rep in document["reps"] if rep["territory_ids"] == ["North America"]]

    assert sum(books.get(rep, 0) for rep in north_america) == 541
    assert 541 * 24 < 9 * 1800 + 975
    assert sorted(rep for rep, stores in books.items() if stores * 24 > 1800) == ["275", "277", "279", "281"]


def test_document_is_valid(done: Conversion) -> None:
    assert len(Problem.model_validate_json(json.dumps(done.document)).accounts) == 701
