"""`coverplan convert`: CSV files and a mapping to a problem document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.outputs import keep_inputs
from coverplan.tables.convert import Conversion, convert_texts, read_files
from coverplan.tables.findings import Findings, Message, TableError
from coverplan.tables.guess import guess as guess_mapping
from coverplan.tables.mapping_file import read_mapping

BAD_INPUT = 2
MAX_WARNINGS = 20


def convert(
    *,
    accounts: Annotated[Path, typer.Option(help="CSV file of accounts.")],
    out: Annotated[Path, typer.Option(help="Where the problem document goes.")],
    reps: Annotated[
        Path | None, typer.Option(help="CSV file of reps; without it the owners found are the reps.")
    ] = None,
    territories: Annotated[Path | None, typer.Option(help="CSV file of territories.")] = None,
    managers: Annotated[Path | None, typer.Option(help="CSV file of managers.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="CSV file of pairs: account, rep, value, hours, eligible.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column fills which field.")] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Write a first mapping from the headers (OUT.mapping.toml) and show it.")
    ] = False,
) -> None:
    """Turn CSV exports into a problem document.

    The mapping has a section per table and a line per field: id = "Account ID" names a column, hours = 12 is a
    constant, { column = "Industry", default = "other" } fills blanks, scale, unit and per convert amounts,
    where = "status == 'Active'" picks rows. Start with --guess, then correct what it wrote.
    """
    given = {"accounts": accounts, "reps": reps, "territories": territories, "managers": managers, "pairs": pairs}
    files = {name: path for name, path in given.items() if path is not None}
    keep_inputs(out, (*files.values(), mapping))
    try:
        done = _converted(files, mapping, out, guessing=guess or mapping is None)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(done.document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except TableError as error:
        typer.echo(error.render(), err=True)
        typer.echo(f"convert: {error.total:,} error{'s' if error.total > 1 else ''}; nothing was written.", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        typer.echo(f"convert: {error.filename or out}: {error.strerror or error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    for line in done.lines(MAX_WARNINGS):
        typer.echo(line)
    typer.echo(f"wrote {out}")


def _converted(files: dict[str, Path], mapping: Path | None, out: Path, *, guessing: bool) -> Conversion:
    """Convert by the mapping given, or by one that is guessed, written and shown."""
    findings = Findings()
    if not guessing and mapping is not None:
        known = read_mapping(_text(mapping), mapping.name, findings)
        return convert_texts(read_files(files, known, findings), known, findings)
    path = mapping or out.with_suffix(".mapping.toml")
    texts = read_files(files, None, findings)
    text = guess_mapping(texts)
    if path.exists() and _text(path) != text:
        advice = f"Use it: --mapping {path} without --guess; or remove it to guess again."
        raise TableError(
            [Message("is there already, and a guess does not overwrite it.", str(path), suggestion=advice)]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{text}\nwrote {path}, a first mapping: correct it and run again with --mapping {path}", err=True)
    return convert_texts(texts, read_mapping(text, path.name, findings), findings)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError([Message(f"is not UTF-8: {error}.", str(path))]) from error
