"""CSV exports to problems: hand-made files as companies have them, expectations worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.problem import Problem
from coverplan.tables.findings import TableError
from support.conversions import REPS, SMALL, Files, made, refusal, run


def test_crm_export_needs_no_code(tmp_path: Path) -> None:
    """cp1252, semicolons, decimal commas, names as owners, weekly hours, units, words, lists and an override."""
    accounts = (
        "Account ID;Account Name;Account Owner;Umsatz 2024;Umsatz 2025;Turnover (k);"
        "Type;Tags;Since;Region;Group;Lat;Lon\r\n"
        '001A;Müller & Söhne;Ana Pérez;"1.234,50 €";2.000,00;50;Kunde;vip, eu;01/02/2024;R1;North;52,5;13,4\r\n'
        "002A;Café;;;3,5;;Interessent;;;R2;North;;\r\n"
        "003A;Closed Co;Ana Pérez;1;1;1;Kunde;;;R1;North;;\r\n"
    ).encode("cp1252")
    reps = "Id,Name,Title,Hours/week,Boss,Region\n7,Ana Pérez,Rep,40,9,R1\n8,Bo,Rep,20,9,R2\n9,Mia,Head,,10,\n"
    mapping = """
        currency = "EUR"
        [horizon]
        start = 2027-01-01
        months = 6
        [accounts]
        where = "`Account Name` != 'Closed Co'"
        id = "Account ID"
        name = "Account Name"
        owner = { column = "Account Owner", match = "name" }
        owner_since = { column = "Since", date = "%d/%m/%Y" }
        revenue_history = ["Umsatz 2024", "Umsatz 2025"]
        potential = { column = "Turnover (k)", unit = "thousand", scale = 0.05, default = 0 }
        kind = { column = "Type", map = { Kunde = "customer", Interessent = "prospect" } }
        tags = { column = "Tags", split = "," }
        segment = { value = "smb" }
        hours = 12
        territory_id = "region"
        lat = "Lat"
        lon = "Lon"
        [reps]
        where = "Title == 'Rep'"
        id = "Id"
        name = "Name"
        capacity_hours = { column = "Hours/week", per = "week" }
        manager_id = "Boss"
        territory_ids = { column = "Region", parent = true }
        [managers]
        from = "reps"
        where = "Title == 'Head'"
        id = "Id"
        name = "Name"
        manager_id = "Boss"
        [territories]
        from = "accounts"
        id = "Region"
        group = "Group"
        [[segments]]
        id = "smb"
        conversion = 0.5
        [[override]]
        id = "8"
        start_date = 2027-03-01
        status = "hired"
        note = "ours"
    """

    done = run(tmp_path, mapping, {"accounts": accounts, "reps": reps})

    document: Any = done.document
    assert document["horizon"] == {"start": "2027-01-01", "months": 6}
    assert document["accounts"][0] == {
        "id": "001A",
        "name": "Müller & Söhne",
        "territory_id": "R1",
        "segment": "smb",
        "kind": "customer",
        "revenue_history": [1234.5, 2000.0],
        "potential": 2500.0,  # 50 thousand x 0.05
        "hours": 12.0,
        "tags": ["vip", "eu"],
        "location": {"lat": 52.5, "lon": 13.4},
        "current": [{"rep_id": "7", "since": "2024-02-01"}],
    }
    assert document["accounts"][1]["revenue_history"] == [3.5]
    assert document["accounts"][1]["potential"] == 0
    assert "current" not in document["accounts"][1]
    assert [account["id"] for account in document["accounts"]] == ["001A", "002A"]
    ana, bo = document["reps"]
    assert ana["capacity_hours"] == pytest.approx(40 * 6 * 30.4375 / 7)
    assert ana["territory_ids"] == ["North"]
    assert (bo["status"], bo["start_date"], bo["manager_id"]) == ("hired", "2027-03-01", "9")
    assert document["managers"] == [{"id": "9", "name": "Mia"}]
    assert {entry["id"]: entry.get("parent_id") for entry in document["territories"]} == {
        "R1": "North",
        "R2": "North",
        "North": None,
    }
    told = "\n".join(done.lines())
    for words in (
        "Windows-1252",
        "accounts.hours = 12.0",
        "override: reps 8",
        "(ours)",
        "10 is not in managers",
        "0.5",
    ):
        assert words in told
    Problem.model_validate_json(json.dumps(document))


def test_pairs_bring_their_own_numbers(tmp_path: Path) -> None:
    mapping = (
        SMALL + REPS + '[pairs]\naccount_id = "a"\nrep_id = "r"\nvalue = { column = "cost", scale = -1 }\nhours = "h"\n'
    )
    files: Files = {"accounts": "id,owner\na,\n", "reps": "id\nr1\n", "pairs": "a,r,cost,h\na,r1,17,3.5\n"}

    assert made(tmp_path, mapping, files)["pairs"] == [
        {"account_id": "a", "rep_id": "r1", "value": -17.0, "hours": 3.5}
    ]


def test_duplicates(tmp_path: Path) -> None:
    """An exact repetition is a warning; a contradiction names both rows and the columns that differ."""
    same = run(tmp_path, SMALL, {"accounts": "id,owner\na,x\nb,x\na,x\n"})
    other = refusal(tmp_path, SMALL, {"accounts": "id,owner\na,x\nb,x\na,y\n"})

    assert len(same.document["accounts"]) == 2  # type: ignore[arg-type]
    assert "row 4" in str(same.findings.warnings[0])
    assert "accounts.csv, row 4" in other
    assert "row 2, with another owner" in other


@pytest.mark.parametrize(
    ("accounts", "reps", "words"),
    [
        ("id,owner\na,123\n", "id\n00123\n", ["row 2", '"owner"', "'00123'", "leading zeros", "pad = 5"]),
        ("id,owner\n1.23E+05,r\n", "id\nr\n", ["row 2", '"id"', "'1.23E+05'", "rounded number"]),
        ("id,owner\na,R1\n", "id\nr1\n", ["'R1'", "'r1'", "Spell it alike"]),
        ("id,owner\n#REF!,r\n", "id\nr\n", ["#REF!", "error value"]),
        ("id,owner\n,r\n", "id\nr\n", ["row 2", "blank"]),
    ],
)
def test_mangled_ids_are_explained(tmp_path: Path, accounts: str, reps: str, words: list[str]) -> None:
    text = refusal(tmp_path, SMALL + REPS, {"accounts": accounts, "reps": reps})

    assert all(word in text for word in words)


def test_padding_and_trailing_zeros_are_undone(tmp_path: Path) -> None:
    mapping = '[accounts]\nid = "id"\nowner = { column = "owner", pad = 5 }\n' + REPS
    done = run(tmp_path, mapping, {"accounts": "id,owner\n7.0,123\n8.0,123.0\n", "reps": "id\n00123\n"})

    assert [account["id"] for account in done.document["accounts"]] == ["7", "8"]  # type: ignore[attr-defined]
    assert all(a["current"][0]["rep_id"] == "00123" for a in done.document["accounts"])  # type: ignore[attr-defined]
    assert ".0" in str(done.findings.warnings[0])


def test_ambiguous_dates_are_refused_with_both_readings(tmp_path: Path) -> None:
    mapping = SMALL + 'owner_since = "since"\n'
    accounts = "id,owner,since\na,r,2026-01-01\nb,r,03/04/2026\n"

    text = refusal(tmp_path, mapping, {"accounts": accounts})
    told = made(tmp_path, mapping.replace('"since"', '{ column = "since", date = "%d/%m/%Y" }'), {
        "accounts": accounts.replace("2026-01-01", "01/01/2026")
    })  # fmt: skip

    assert all(word in text for word in ("row 3", '"since"', "2026-04-03", "2026-03-04", 'date = "%d/%m/%Y"'))
    assert told["accounts"][1]["current"][0]["since"] == "2026-04-03"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('id,owner,p\na,r,"1,234"\n', 1234.0),  # a comma-delimited file has decimal points
        ("id;owner;p;q\na;r;1.234;1,5\n", 1234.0),  # q shows the decimal comma
        ("id;owner;p;q\na;r;1.234;1.5\n", 1.234),  # q shows the decimal point
    ],
)
def test_the_file_settles_what_a_column_leaves_open(tmp_path: Path, content: str, value: float) -> None:
    mapping = SMALL + 'potential = "p"\n' + ('expected_revenue = "q"\n' if ";q" in content else "")

    assert made(tmp_path, mapping, {"accounts": content})["accounts"][0]["potential"] == value


def test_constants_and_defaults_of_dates_and_lists(tmp_path: Path) -> None:
    """As TOML has dates; a default fills a blank date and a list without an entry."""
    mapping = SMALL + 'owner_since = 2024-03-01\ntags = { column = "tags", default = ["none", "yet"] }\n'
    mapping += 'revenue_history = { columns = ["x", "y"], default = [7] }\n'
    mapping += REPS + 'start_date = { column = "start", default = "2027-02-01" }\n'
    files: Files = {
        "accounts": "id,owner,tags,x,y\na,r,vip,1,\nb,r,,,\n",
        "reps": "id,start\nr,\ns,2027-05-01\n",
    }

    document = made(tmp_path, mapping, files)

    assert [account["current"][0]["since"] for account in document["accounts"]] == ["2024-03-01"] * 2
    assert [account["tags"] for account in document["accounts"]] == [["vip"], ["none", "yet"]]
    assert [account["revenue_history"] for account in document["accounts"]] == [[1.0], [7.0]]
    assert [rep["start_date"] for rep in document["reps"]] == ["2027-02-01", "2027-05-01"]


@pytest.mark.parametrize("months", ["9", '"months"'])
def test_a_last_year_that_is_not_over_counts_as_part_only_where_it_is_filled(tmp_path: Path, months: str) -> None:
    """b has nothing in the year to date: its last year is 2025, a whole one."""
    mapping = SMALL + f'revenue_history = ["2025", "2026"]\nlast_year_months = {months}\n'
    files: Files = {"accounts": "id,owner,2025,2026,months\na,r,100,90,9\nb,r,100,,9\nc,r,,90,9\n"}

    document = made(tmp_path, mapping, files)

    assert [account.get("last_year_months") for account in document["accounts"]] == [9, None, 9]


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ('"months"', ["'13'", "row 2", "above 12"]),
        ("0.5", ["last_year_months", "greater than or equal to 1"]),
    ],
)
def test_months_of_the_last_year_lie_between_1_and_12(tmp_path: Path, months: str, words: list[str]) -> None:
    mapping = SMALL + f'revenue_history = "y"\nlast_year_months = {months}\n'

    text = refusal(tmp_path, mapping, {"accounts": "id,owner,y,months\na,r,100,13\n"})

    assert all(word in text for word in words), text


def test_numbers_that_can_be_read_two_ways_are_refused(tmp_path: Path) -> None:
    text = refusal(tmp_path, SMALL + 'potential = "p"\n', {"accounts": "id;owner;p\na;r;1.234\n"})

    assert all(word in text for word in ("row 2", '"p"', "1.234 or 1234", "decimal"))


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        ('[csv]\ndecimal = ","\n', "id;owner;p\na;r;5.000\nb;r;500\n"),
        ("", "id;owner;p;q\na;r;5.000;1,5\nb;r;500;2\n"),  # q shows the decimal comma
    ],
)
def test_conditions_read_numbers_as_fields_do(tmp_path: Path, settings: str, content: str) -> None:
    """5.000 is five thousand where the decimal mark is a comma, and refused where nobody can tell."""
    mapping = settings + SMALL + 'where = "p >= 1000"\npotential = "p"\n'
    mapping += 'expected_revenue = "q"\n' if ";q" in content else ""

    document = made(tmp_path, mapping, {"accounts": content})
    text = refusal(tmp_path, SMALL + 'where = "p >= 1000"\n', {"accounts": "id;owner;p\na;r;5.000\n"})

    assert [(account["id"], account["potential"]) for account in document["accounts"]] == [("a", 5000.0)]
    assert "may be 5.000 or 5000" in text


def test_all_errors_of_all_files_come_together(tmp_path: Path) -> None:
    mapping = SMALL + REPS + 'capacity_hours = "h"\n[territories]\nid = "id"\n'
    mapping = mapping.replace("[reps]", 'potential = "p"\nterritory_id = "t"\n[reps]')
    files: Files = {
        "accounts": "id,owner,p,t\na,r1,abc,t1\nb,r1,-5,t1\nc,r1,5,t1\n",
        "reps": "id,h\nr1,many\n",
        "territories": "id\nt1\n",
    }

    text = refusal(tmp_path, mapping, files)

    for words in (
        'accounts.csv, row 2, column "p"',
        "accounts.csv, row 3, column \"p\": '-5'",
        'reps.csv, row 2, column "h"',
    ):
        assert words in text


def test_many_errors_are_capped_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"a{k},r,x\n" for k in range(1500))

    with pytest.raises(TableError) as caught:
        run(tmp_path, SMALL + 'potential = "p"\n', {"accounts": "id,owner,p\n" + rows})

    assert (len(caught.value.messages), caught.value.total) == (1000, 1500)
    assert "1,480 more" in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ('[accounts]\nid = "id"\nonwer = "owner"\n', ["onwer", 'Did you mean "owner"']),
        ('[accounts]\nid = "ids"\nowner = "owner"\n', ['no column "ids"', 'Did you mean "id"']),
        ('[accounts]\nowner = "owner"\n', ["[accounts] id", "missing"]),
        ('[accounts]\nid = "id"\nhours = true\n', ["[accounts] hours", "True"]),
        ('[accounts]\nid = "id"\nhours = { column = "h", scale = "x" }\n', ["scale", "'x'"]),
        ('[accounts]\nid = "id"\nhours = { default = 3 }\n', ["column", "value"]),
        ('[accounts]\nid = "id"\nkind = { value = "vip" }\n', ["customer, prospect"]),
        (SMALL + "owner_since = 3\n", ["[accounts] owner_since", "YYYY-MM-DD"]),
        ('[csv]\ndelimiter = "é"\n' + SMALL, ["[csv] delimiter", "ASCII"]),
        (SMALL + '[accounts.csv]\ndecimal = ","\n', ["[accounts.csv]: decimal is unknown"]),
        (SMALL + "csv = 3\n", ["[accounts.csv] must be a table"]),
        (SMALL + 'lat = "lat"\n', ["[accounts] lat", "without lon"]),
        ('[accounts]\nid = "id"\nowner_since = "since"\n', ["[accounts] owner_since", "without owner"]),
        ('[accounts]\nid = "id"\nwhere = "__import__(1)"\n', ["where"]),
        ('[accounts\nid = "id"\n', ["not TOML"]),
        (SMALL + '[[override]]\nid = "zz"\nrole = "x"\n', ["zz", "no table"]),
        (SMALL + '[[override]]\nid = "x"\nnonsense = 1\n', ["no field nonsense"]),
        (SMALL + '[[override]]\nid = "x"\nramp = [2]\n', ["reps.0.ramp.0", "less than or equal to 1"]),
        (SMALL + '[managers]\nfrom = "reps"\nid = "id"\n', ["[managers]", "no such file"]),
        ('[horizon]\nmonths = "six"\n' + SMALL, ["horizon.months"]),
        ("", ["[accounts]"]),
    ],
)
def test_mistakes_in_the_mapping_are_named(tmp_path: Path, mapping: str, words: list[str]) -> None:
    text = refusal(tmp_path, mapping, {"accounts": "id,owner\na,x\n"})

    assert all(word in text for word in words), text


def test_empty_accounts_are_left_to_the_checks_of_the_problem(tmp_path: Path) -> None:
    """With a warning; so are reps when no account that is left has an owner."""
    done = run(tmp_path, SMALL + REPS, {"accounts": "id,owner\n", "reps": "id\nr\n"})
    nobody = run(tmp_path, SMALL + "where = \"id == 'A'\"\n", {"accounts": "id,owner\na,r\n"})

    assert done.document["accounts"] == []
    assert [str(warning) for warning in done.findings.warnings] == [
        "accounts.csv: no row is left, and a problem without accounts cannot be solved."
    ]
    assert nobody.lines()[0] == "0 accounts"
    assert ["without accounts" in line or "without reps" in line for line in nobody.lines()[-2:]] == [True, True]
