"""What rows of a conversion say of each other: owners, parents, territories and their groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.conversions import REPS, SMALL, Files, made, refusal, run


def test_owners_found_are_the_reps_without_a_reps_file(tmp_path: Path) -> None:
    document = made(tmp_path, SMALL, {"accounts": "id,owner\na,Bo\nb,Ana\nc,\nd,Bo\n"})

    assert document["reps"] == [{"id": "Ana"}, {"id": "Bo"}]
    assert document["accounts"][0]["current"] == [{"rep_id": "Bo"}]


def test_owner_who_left_stays_and_is_noted(tmp_path: Path) -> None:
    done = run(tmp_path, SMALL + REPS, {"accounts": "id,owner\na,r1\nb,gone\n", "reps": "id\nr1\n"})

    assert done.document["accounts"] == [
        {"id": "a", "current": [{"rep_id": "r1"}]},
        {"id": "b", "current": [{"rep_id": "gone"}]},
    ]
    assert any("they left): gone" in note for note in done.findings.notes)


@pytest.mark.parametrize("owners", [("Ana", "Bo Li"), ("ana@x.com", "bo@x.com"), ("r1", "r2")])
def test_owners_by_id_name_or_email_are_found_without_a_word(tmp_path: Path, owners: tuple[str, str]) -> None:
    mapping = SMALL + REPS + 'name = "name"\nemail = "email"\n'
    files: Files = {
        "accounts": f"id,owner\na,{owners[0]}\nb,{owners[1]}\n",
        "reps": "id,name,email\nr1,Ana,ana@x.com\nr2,Bo Li,bo@x.com\n",
    }

    document = made(tmp_path, mapping, files)

    assert [account["current"] for account in document["accounts"]] == [[{"rep_id": "r1"}], [{"rep_id": "r2"}]]


@pytest.mark.parametrize("owner", ["BO LI", "bo@x.com", "Bo@x.com"])
def test_an_owner_written_in_another_way_has_not_left(tmp_path: Path, owner: str) -> None:
    """Row 3 is Bo Li's all the same: taken for somebody who left, the account would be moved at a cost."""
    mapping = '[accounts]\nid = "id"\nowner = { column = "owner", match = "name" }\n'
    mapping += REPS + 'name = "name"\nemail = "email"\n'
    files: Files = {"accounts": f"id,owner\na,Bo Li\nb,{owner}\n", "reps": "id,name,email\nr2,Bo Li,bo@x.com\n"}

    text = refusal(tmp_path, mapping, files)

    assert all(word in text for word in ("row 3", '"owner"', f"'{owner}'", "'r2' has the", "one way"))


def test_who_is_its_own_parent_stands_at_the_top(tmp_path: Path) -> None:
    """As CRM systems export the ultimate parent."""
    mapping = SMALL + 'parent_id = "Ultimate Parent"\n'

    done = run(tmp_path, mapping, {"accounts": "id,owner,Ultimate Parent\na,r,a\nb,r,a\n"})

    accounts: Any = done.document["accounts"]
    assert [account.get("parent_id") for account in accounts] == [None, "a"]
    assert "accounts that name themselves as Ultimate Parent stand at the top: 1" in done.lines()


def test_further_roles_have_owners_of_their_own(tmp_path: Path) -> None:
    mapping = SMALL + '[accounts.owners.sales_engineer]\nrep_id = "se"\nsince = "from"\n'

    document = made(tmp_path, mapping, {"accounts": "id,owner,se,from\na,r1,s1,2026-01-02\nb,r1,,\n"})

    assert document["accounts"][0]["current"] == [
        {"rep_id": "r1"},
        {"role": "sales_engineer", "rep_id": "s1", "since": "2026-01-02"},
    ]
    assert document["reps"] == [{"id": "r1"}, {"id": "s1", "role": "sales_engineer"}]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("r1,t1,North\nr2,t1,South\n", ["'South'", "'North'", "row 3"]),
        ("r1,North,North\n", ["'North' is a group and a territory"]),
    ],
)
def test_contradictory_groups_are_refused(tmp_path: Path, rows: str, words: list[str]) -> None:
    mapping = '[accounts]\nid = "id"\nterritory_id = "t"\nowner = "id"\n'
    mapping += '[territories]\nfrom = "accounts"\nid = "t"\ngroup = "g"\n'

    text = refusal(tmp_path, mapping, {"accounts": "id,t,g\n" + rows})

    assert all(word in text for word in words), text


def test_reps_from_the_accounts_cover_the_union_of_their_territories(tmp_path: Path) -> None:
    mapping = '[accounts]\nid = "id"\nowner = "o"\nterritory_id = "t"\n'
    mapping += '[reps]\nfrom = "accounts"\nid = "o"\nname = "n"\nterritory_ids = "t"\n'

    document = made(tmp_path, mapping, {"accounts": "id,o,n,t\na,r1,Ana,t1\nb,r1,,t2\nc,,,t1\n"})

    assert document["reps"] == [{"id": "r1", "name": "Ana", "territory_ids": ["t1", "t2"]}]


def test_several_levels_of_groups(tmp_path: Path) -> None:
    mapping = SMALL + '[territories]\nfrom = "accounts"\nid = "t"\ngroup = ["d", "g"]\n'

    document = made(tmp_path, mapping, {"accounts": "id,owner,t,d,g\na,r,t1,D1,G\nb,r,t2,D2,G\n"})

    assert {entry["id"]: entry.get("parent_id") for entry in document["territories"]} == {
        "t1": "D1", "t2": "D2", "D1": "G", "D2": "G", "G": None,
    }  # fmt: skip
