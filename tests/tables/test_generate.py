"""Generated books: reproducible, valid, and the planted plan is feasible by arithmetic done here."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.problem import Problem
from coverplan.tables.bulk.read import book_document
from coverplan.tables.bulk.sources import open_book
from coverplan.tables.folder import document, write_folder
from coverplan.tables.generate import Shape, generate, generate_book

SHAPES = [
    Shape(600, 24, 8, seed=3),
    Shape(600, 24, 8, seed=4, roles=2, tightness=1.0),
    Shape(85, 35, 12, seed=5),
    Shape(40, 30, 5, seed=6, roles=2, months=3),
    Shape(300, 5, 5, seed=7),
    Shape(1, 1, 1, seed=8),
]


def ramped_hours(rep: dict[str, Any], start: dt.date, months: int) -> float:
    """Hours month by month; all dates here are firsts of a month."""
    total = 0.0
    for month in range(months):
        productivity = 1.0
        if rep.get("start_date"):
            first = dt.date.fromisoformat(rep["start_date"])
            age = start.year * 12 + start.month + month - first.year * 12 - first.month
            ramp = rep.get("ramp", [])
            productivity = 0.0 if age < 0 else ramp[age] if age < len(ramp) else 1.0
        total += productivity / months
    return total * float(rep["capacity_hours"])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.accounts}x{s.reps}")
def test_planted_plan_is_feasible(shape: Shape) -> None:
    """Every seat covered within role, territory, skills, capacity, locks and families."""
    made = generate_book(shape)
    book: dict[str, Any] = document(made.book)
    reps = {rep["id"]: rep for rep in book["reps"]}
    accounts = {account["id"]: account for account in book["accounts"]}
    needs = {segment["id"]: segment["roles"] for segment in book["segments"]}
    planted = {(row["account_id"], row["role"]): row["rep_id"] for row in made.planted.to_dicts()}

    load: Counter[str] = Counter()
    for account in accounts.values():
        today = {entry["role"]: entry["rep_id"] for entry in account.get("current", [])}
        for index, need in enumerate(needs[account["segment"]]):
            rep = reps[planted.pop((account["id"], need["role"]))]
            load[rep["id"]] += account.get("hours", need["hours"]) if index == 0 else need["hours"]
            assert rep["role"] == need["role"]
            assert not rep.get("territory_ids") or account["territory_id"] in rep["territory_ids"]
            assert set(account.get("required_skills", [])) <= set(rep.get("skills", []))
            assert not account["locked"] or today.get(need["role"], rep["id"]) == rep["id"]
    assert not planted
    for rep_id, hours in load.items():
        assert hours <= ramped_hours(reps[rep_id], shape.start, shape.months) + 1e-6
    rep_of = {(row["account_id"], row["role"]): row["rep_id"] for row in made.planted.to_dicts()}
    for account in accounts.values():
        if "parent_id" in account:
            for need in needs[account["segment"]]:
                same = rep_of.get((account["parent_id"], need["role"]))
                assert same in (None, rep_of[account["id"], need["role"]])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.accounts}x{s.reps}")
def test_document_is_a_valid_problem(shape: Shape) -> None:
    """The strict model accepts it, and every reference resolves but that of the rep who left."""
    book: dict[str, Any] = document(generate_book(shape).book)

    problem = Problem.model_validate_json(json.dumps(book))

    assert len(problem.accounts) == shape.accounts
    assert len(problem.reps) == shape.reps
    territories = {territory.id for territory in problem.territories}
    managers = {manager.id for manager in problem.managers}
    assert all(account.territory_id in territories for account in problem.accounts)
    assert all(rep.manager_id in managers and territories.issuperset(rep.territory_ids) for rep in problem.reps)
    reps = {rep.id for rep in problem.reps}
    gone = {entry.rep_id for account in problem.accounts for entry in account.current} - reps
    assert len(gone) <= 1


def test_same_seed_same_book_and_another_seed_another() -> None:
    first, again, other = generate(200, 9, 4, 1), generate(200, 9, 4, 1), generate(200, 9, 4, 2)

    assert json.dumps(first) == json.dumps(again)
    assert first["accounts"] != other["accounts"]


@pytest.mark.parametrize(("accounts", "reps", "pairs"), [(1000, 20, 8), (2000, 60, 12), (500, 40, 2), (200, 30, 1)])
def test_pairs_per_account_are_about_as_asked(accounts: int, reps: int, pairs: int) -> None:
    """Counted through the territory lists of the document, within a fifth."""
    book: dict[str, Any] = generate(accounts, reps, pairs, 11)
    covering = Counter(territory for rep in book["reps"] for territory in rep["territory_ids"])

    mean = sum(covering[account["territory_id"]] for account in book["accounts"]) / accounts

    assert abs(mean - pairs) <= 0.2 * pairs


def test_book_is_realistic() -> None:
    """What the words promise: heavy tail, uncovered accounts, a rep who left, hires, open positions, families."""
    book: dict[str, Any] = generate(2000, 48, 8, 3)
    revenue = sorted((account.get("revenue_history", [0])[-1] for account in book["accounts"]), reverse=True)
    reps = {rep["id"]: rep for rep in book["reps"]}
    holds: dict[str, int] = defaultdict(int)
    for account in book["accounts"]:
        for entry in account.get("current", []):
            holds[entry["rep_id"]] += 1

    assert sum(revenue[:200]) > 0.4 * sum(revenue)  # a tenth of the accounts brings more than 40 %
    assert 40 <= sum(1 for account in book["accounts"] if not account.get("current")) <= 300
    assert len(holds.keys() - reps.keys()) == 1
    assert {rep["status"] for rep in reps.values()} == {"active", "hired", "open"}
    assert all(holds[rep["id"]] == 0 for rep in reps.values() if rep["status"] != "active")
    assert sum(1 for account in book["accounts"] if "parent_id" in account) > 40
    assert any(manager.get("manager_id") is None for manager in book["managers"])


def test_customers_of_less_than_a_year_say_how_many_months_they_bought() -> None:
    """About 0.86 x 0.08 x 11 / 12 of 2,000 accounts, 126: what they bought is less than a year's, their pace is usual.

    Without the months the median of the first year would be about half of the others' last one.
    """
    book: dict[str, Any] = generate(2000, 48, 8, 3)
    customers = [account for account in book["accounts"] if account.get("revenue_history")]
    young = [account for account in customers if "last_year_months" in account]
    old = [account for account in customers if "last_year_months" not in account]

    def median(amounts: list[float]) -> float:
        return sorted(amounts)[len(amounts) // 2]

    assert 90 <= len(young) <= 165
    assert {len(account["revenue_history"]) for account in young} == {1}
    assert {account["last_year_months"] for account in young} == set(range(1, 12))
    usual = median([account["revenue_history"][-1] for account in old])
    pace = median([12 / one["last_year_months"] * one["revenue_history"][0] for one in young])
    assert 0.7 * usual <= pace <= 1.4 * usual
    assert median([one["revenue_history"][0] for one in young]) < 0.65 * usual


def test_most_accounts_can_stay() -> None:
    """The planted plan moves at most a tenth of the relationships, so a cap on moves stays within reach."""
    made = generate_book(Shape(600, 24, 8, seed=1))
    book: dict[str, Any] = document(made.book)
    planted = {row["account_id"]: row["rep_id"] for row in made.planted.to_dicts()}
    reps = {rep["id"] for rep in book["reps"]}
    held = [(a["id"], a["current"][0]["rep_id"]) for a in book["accounts"] if a.get("current")]
    here = [(account, rep) for account, rep in held if rep in reps]

    assert sum(planted[account] != rep for account, rep in here) <= 0.1 * len(here)


@pytest.mark.parametrize("shape", [Shape(600, 24, 12, seed=2027), Shape(2000, 40, 12, seed=4)])
def test_books_of_today_are_near_plausible(shape: Shape) -> None:
    """Most established reps hold about their share of the revenue per hour: no rule asks half a book to move."""
    book: dict[str, Any] = document(generate_book(shape).book)
    held: dict[str, float] = defaultdict(float)
    for account in book["accounts"]:
        for entry in account.get("current", []):
            held[entry["rep_id"]] += account.get("revenue_history", [0])[-1]
    hours = {rep["id"]: ramped_hours(rep, shape.start, shape.months) for rep in book["reps"]}
    fair = sum(held.values()) / sum(hours.values())

    books = [held[rep["id"]] / (fair * hours[rep["id"]]) for rep in book["reps"] if rep["status"] == "active"]

    assert sum(0.7 <= book <= 1.3 for book in books) >= 0.7 * len(books)


def test_no_fit_is_worth_a_change_of_rep() -> None:
    """From the rep who fits worst to the one who fits best an account gains less than the loss of a change: 18 %."""
    fits = [entry["multiplier"] for entry in generate(500, 40, 12, 5)["fit"]]  # type: ignore[attr-defined]

    assert len(fits) > 20
    assert max(fits) / min(fits) - 1 < 0.18


def test_folder_says_the_same_as_the_document(tmp_path: Path) -> None:
    book = generate_book(Shape(120, 12, 4, seed=2, roles=2)).book

    write_folder(book, tmp_path / "book")

    assert book_document(open_book(tmp_path / "book")) == document(book)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accounts", 0),
        ("reps", 0),
        ("pairs", 0),
        ("tightness", 1.1),
        ("roles", 3),
        ("seed", -1),
        ("start", dt.date(1, 1, 1)),
    ],
)
def test_impossible_sizes_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        Shape(**{"accounts": 10, "reps": 3, field: value})
