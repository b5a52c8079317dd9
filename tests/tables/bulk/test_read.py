"""Books by columns are the books that the documents say: the object path is the judge."""

from __future__ import annotations

import datetime as dt
import json
import string
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.domain.instance import Instance
from coverplan.payload.columns import to_instance
from coverplan.payload.problem import Problem
from coverplan.tables.bulk.read import account_documents, book_document, read_book
from coverplan.tables.bulk.sources import open_book
from coverplan.tables.folder import document, write_folder
from coverplan.tables.generate import Shape, generate_book
from support.sampling import examples
from support.tables import expect_same_instance, write_csv_book, write_parquet_book
from support.tiny import problems

Document = dict[str, Any]
WORDS = st.text(string.ascii_letters + "äß=-@ ", min_size=1, max_size=20).map(str.strip).filter(bool)
AMOUNT = st.one_of(st.integers(0, 10**6), st.floats(0, 1e12))
DATE = st.dates().map(str)
ROLES = ("account_executive", "se")


def of_document(problem: Document) -> Instance:
    """By way of objects."""
    return to_instance(Problem.model_validate_json(json.dumps(problem)))


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    """Any of the fields, some of them null."""
    return st.fixed_dictionaries({}, optional=fields)


PLACE = st.fixed_dictionaries({"lat": st.floats(-90, 90), "lon": st.floats(-180, 180)})
TEXTS = st.lists(st.sampled_from(["x", "y", "z w"]), max_size=3)


@st.composite
def rich(draw: st.DrawFn) -> Document:
    """A problem in which every field of every table may stand."""
    segments = [
        {"id": "big", "roles": [{"role": ROLES[0], "hours": 3}, {"role": ROLES[1], "hours": 1}]},
        {"id": "small", "roles": [{"role": ROLES[0]}], "cycle_days": 30},
    ]
    territories = [{"id": "land"}, {"id": "west", "parent_id": "land", "revenue_target": 5.5}, {"id": "east"}]
    rep = some(
        name=WORDS, email=WORDS, role=st.sampled_from(ROLES), manager_id=st.sampled_from(["m1", "m2"]), pod=WORDS,
        territory_ids=st.lists(st.sampled_from(["land", "west", "east"]), unique=True),
        segments=st.lists(st.sampled_from(["big", "small"]), unique=True), skills=TEXTS, location=PLACE,
        status=st.sampled_from(["active", "hired", "open"]), ramp=st.lists(st.floats(0, 1), max_size=4),
        start_date=st.dates(max_value=dt.date(2026, 1, 1)).map(str),
        end_date=st.dates(min_value=dt.date(2026, 2, 1)).map(str),
        capacity_hours=AMOUNT.filter(lambda hours: hours <= 1e9), quota=AMOUNT, cost=AMOUNT,
    )  # fmt: skip
    reps = [{"id": f"r {place}", **draw(rep)} for place in range(draw(st.integers(1, 4)))]
    ids = [f"a{place}" for place in draw(st.permutations(range(draw(st.integers(1, 6)))))]
    names = [one["id"] for one in reps]
    account = some(
        name=WORDS, territory_id=st.sampled_from(["land", "west"]), segment=st.sampled_from(["small", "default"]),
        industry=WORDS, kind=st.sampled_from(["customer", "prospect"]), revenue_history=st.lists(AMOUNT, max_size=5),
        last_year_months=st.floats(1, 12), expected_revenue=AMOUNT, potential=AMOUNT, hours=st.floats(0, 1e6),
        current=st.lists(st.fixed_dictionaries({"rep_id": st.sampled_from([*names, "gone"])},
            optional={"role": st.just(ROLES[0]), "since": DATE}), max_size=1),
        relationship_strength=st.floats(0, 1000), open_opportunity=st.booleans(), locked=st.booleans(),
        required_skills=TEXTS, location=PLACE, tags=TEXTS,
    )  # fmt: skip
    accounts = [{"id": own, **draw(account)} for own in ids]
    for place, one in enumerate(accounts[1:], 1):
        if draw(st.booleans()):
            one["parent_id"] = ids[draw(st.integers(0, place - 1))]
        if draw(st.booleans()):
            one["segment"] = "big"
            one["current"] = [{"rep_id": "gone"}, {"role": ROLES[1], "rep_id": draw(st.sampled_from(names))}]
    targets = st.sampled_from([{"account_id": ids[0]}, {"segment": "big"}, {"industry": "steel"}])
    fit = [
        {"rep_id": names[0], **draw(targets), "multiplier": draw(st.floats(0, 5))}
        for _ in range(draw(st.integers(0, 2)))
    ]
    pair = some(value=st.floats(-1e9, 1e9), hours=AMOUNT.filter(lambda hours: hours <= 1e9), eligible=st.booleans())
    chosen = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(names)), unique=True, max_size=5))
    return {
        "horizon": {"start": "2027-02-01", "months": 10}, "currency": "EUR", "segments": segments,
        "territories": territories, "managers": [{"id": "m1", "name": "Mia", "manager_id": "m2"}, {"id": "m2"}],
        "reps": reps, "accounts": accounts, "fit": fit,
        "pairs": [{"account_id": account_id, "rep_id": rep_id, **draw(pair)} for account_id, rep_id in chosen],
    }  # fmt: skip


@pytest.mark.parametrize("shape", [Shape(300, 12, 4, 3, roles=2), Shape(40, 5, 12, 8)])
def test_a_generated_folder_is_its_document(shape: Shape, tmp_path: Path) -> None:
    book = generate_book(shape).book
    write_folder(book, tmp_path)

    expect_same_instance(read_book(tmp_path).instance, of_document(document(book)))


@given(rich())
@examples(40)
def test_parquet_and_csv_hold_every_field(problem: Document) -> None:
    """Columns and objects agree in all of them, whatever is left out."""
    with tempfile.TemporaryDirectory() as folder:
        nested = write_parquet_book(problem, Path(folder) / "nested")
        flat = write_csv_book(problem, Path(folder) / "flat")

        expect_same_instance(read_book(nested).instance, of_document(problem))
        expect_same_instance(read_book(flat).instance, of_document(problem))


@given(problems())
@examples(20)
def test_documents_read_back_are_the_same_problem(problem: Document) -> None:
    """What `verify` gets of a folder: the whole document, or its accounts one by one."""
    whole = Problem.model_validate_json(json.dumps(problem))
    with tempfile.TemporaryDirectory() as name:
        folder = write_csv_book(problem, Path(name))
        again = Problem.model_validate_json(json.dumps(book_document(open_book(folder))))
        accounts = [Problem.model_validate_json(json.dumps({"reps": [], "accounts": [one]})).accounts[0]
                    for one in account_documents(folder)]  # fmt: skip

    assert again == whole
    assert accounts == whole.accounts
