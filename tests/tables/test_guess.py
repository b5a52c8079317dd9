"""First mappings guessed from headers; the guess must convert as it stands where the cells allow it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.convert import convert as command
from coverplan.tables.convert import convert_texts
from coverplan.tables.findings import Findings
from coverplan.tables.guess import guess
from coverplan.tables.mapping_file import read_mapping
from coverplan.tables.text_table import CsvFormat, TextTable, parse_text_table

CRM = (
    "Account ID,Account Name,Account Owner,Annual Revenue,Industry,Billing Latitude,Billing Longitude,Type,Phone\n"
    '0011,Acme,Ana,"$1,200.50",Health,40.5,-73.1,Customer,555\n'
    "0012,Beta,Bo,$80,Retail,41.5,-74.1,Prospect,556\n"
)
TEAM = (
    "User ID,Full Name,Hire Date,Quota,Reports To,Email\n"
    "u1,Ana,2020-02-01,100000,Mia,ana@example.com\n"
    "u2,Bo,2021-03-01,90000,Mia,\n"
)
app = typer.Typer()
app.command()(command)


def texts(**files: str) -> dict[str, TextTable]:
    return {
        name: parse_text_table(text.encode(), f"{name}.csv", CsvFormat(), Findings()) for name, text in files.items()
    }


def test_crm_headers_are_recognised() -> None:
    found = tomllib.loads(guess(texts(accounts=CRM, reps=TEAM)))

    assert found["accounts"] == {
        "id": "Account ID",
        "name": "Account Name",
        "owner": {"column": "Account Owner", "match": "name"},
        "revenue_history": ["Annual Revenue"],
        "industry": "Industry",
        "lat": "Billing Latitude",
        "lon": "Billing Longitude",
        "kind": "Type",
    }
    assert found["reps"] == {
        "id": "User ID",
        "name": "Full Name",
        "start_date": "Hire Date",
        "quota": "Quota",
        "manager_id": "Reports To",
        "email": "Email",
    }


def test_guess_converts_as_it_stands() -> None:
    given = texts(accounts=CRM, reps=TEAM)
    findings = Findings()

    document: Any = convert_texts(given, read_mapping(guess(given), "guess", findings), findings).document

    assert document["accounts"][0]["revenue_history"] == [1200.5]
    assert [account["current"][0]["rep_id"] for account in document["accounts"]] == ["u1", "u2"]
    assert document["managers"] == [{"id": "Mia"}]


def test_hubspot_headers_and_columns_that_say_nothing_alone() -> None:
    """The owner of a HubSpot company; a latitude without a longitude, and a date without an owner."""
    company = texts(accounts="Record ID;Company name;Company owner;Latitude\n7;Acme;Ana;52.5\n")
    orphan = texts(accounts="id,owner,owner since\na,,2024-01-31\n")

    assert tomllib.loads(guess(company))["accounts"] == {
        "id": "Record ID",
        "name": "Company name",
        "owner": "Company owner",
    }
    assert tomllib.loads(guess(orphan))["accounts"] == {"id": "id"}


@pytest.mark.parametrize(
    ("column", "cells", "kept"),
    [
        ("IsActive", ["TRUE", "FALSE", "TRUE"], ["r0", "r2"]),
        ("Employment Status", ["Active", "Terminated", "Current"], ["r0", "r2"]),
        ("Active", ["1", "1", "1"], ["r0", "r1", "r2"]),  # nobody has left
        ("Status", ["Active", "On leave", "Inactive"], ["r0", "r1", "r2"]),  # who is on leave is not for us to say
        ("status", ["active", "hired", "open"], ["r0", "r1", "r2"]),  # the words of a problem
    ],
)
def test_reps_who_have_left_get_no_accounts(column: str, cells: list[str], kept: list[str]) -> None:
    """The condition is part of the guess, to be seen and corrected."""
    reps = f"id,{column}\n" + "".join(f"r{n},{cell}\n" for n, cell in enumerate(cells))
    given = texts(accounts="id,owner\na,r0\n", reps=reps)

    text = guess(given)
    document: Any = convert_texts(given, read_mapping(text, "guess", findings := Findings()), findings).document

    assert [rep["id"] for rep in document["reps"]] == kept
    assert f'not used: "{column}"' not in text or len(kept) == 3


def test_revenue_columns_by_year_are_the_history() -> None:
    given = texts(accounts="id,owner,Revenue 2025,FY23 Revenue,revenue_2024,Employees\na,r,3,1,2,9\n")

    assert tomllib.loads(guess(given))["accounts"]["revenue_history"] == [
        "FY23 Revenue",
        "revenue_2024",
        "Revenue 2025",
    ]


def test_a_year_to_date_is_part_of_the_history_and_asked_about() -> None:
    text = guess(texts(accounts="id,owner,Revenue 2025,Revenue 2026 YTD\na,r,3,1\n"))

    assert tomllib.loads(text)["accounts"]["revenue_history"] == ["Revenue 2025", "Revenue 2026 YTD"]
    assert '# last_year_months = 9  # how many months does "Revenue 2026 YTD" cover?' in text


def test_unused_headers_are_shown() -> None:
    assert '# not used: "Phone"' in guess(texts(accounts=CRM))


def test_command_writes_the_guess_shows_it_and_never_overwrites_a_corrected_one(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text(CRM)
    call = ["--accounts", str(tmp_path / "accounts.csv"), "--guess", "--out", str(tmp_path / "p.json")]

    first = CliRunner().invoke(app, call)
    mapping = tmp_path / "p.mapping.toml"
    shown = mapping.read_text()
    again = CliRunner().invoke(app, call)
    mapping.write_text(shown.replace("Annual Revenue", "Phone"))
    refused = CliRunner().invoke(app, call)

    assert (first.exit_code, again.exit_code, refused.exit_code) == (0, 0, 2)
    assert shown in first.stderr
    assert "Phone" in mapping.read_text()
    assert "does not overwrite" in refused.stderr


def test_the_export_itself_is_not_overwritten(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(CRM)

    result = CliRunner().invoke(app, ["--accounts", str(accounts), "--out", str(accounts)])

    assert isinstance(result.exception, BadInputError)
    assert "is an input" in str(result.exception)
    assert accounts.read_text() == CRM


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (
            "Account ID,Owner,Since\na,r,03/04/2026\n",
            [],
            ["accounts.csv, row 2", "2026-04-03", "2026-03-04", "1 error;"],
        ),
        ("Account ID,Owner\na,r\n", ["--mapping", "absent.toml"], ["absent.toml", "No such file"]),
        ("Account ID,Owner\na,r\n", ["--reps", "absent.csv"], ["absent.csv", "cannot be read"]),
    ],
)
def test_bad_input_ends_with_code_2_and_writes_nothing(
    tmp_path: Path, content: str, arguments: list[str], words: list[str]
) -> None:
    (tmp_path / "accounts.csv").write_text(content)
    call = ["--accounts", str(tmp_path / "accounts.csv"), "--out", str(tmp_path / "p.json"), *arguments]

    result = CliRunner().invoke(app, call)

    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
    assert not (tmp_path / "p.json").exists()
