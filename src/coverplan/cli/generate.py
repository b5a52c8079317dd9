"""`coverplan generate`: a seeded, realistic book."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from coverplan.tables.folder import document, write_folder
from coverplan.tables.generate import DEFAULT_START, Shape, generate_book

BAD_INPUT = 2


def generate(
    *,
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts.")],
    reps: Annotated[int, typer.Option(min=1, help="Number of reps.")],
    out: Annotated[Path, typer.Option(help="FILE.json for a problem document, else a folder of Parquet tables.")],
    pairs: Annotated[int, typer.Option(min=1, help="About how many reps may cover each account.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same book.")] = 0,
    tightness: Annotated[float, typer.Option(help="Hours needed over hours available, above 0 and at most 1.")] = 0.92,
    roles: Annotated[int, typer.Option(min=1, max=2, help="2 adds sales engineers to the larger accounts.")] = 1,
    start: Annotated[str, typer.Option(help="First day of the horizon, YYYY-MM-DD.")] = DEFAULT_START.isoformat(),
    months: Annotated[int, typer.Option(min=1, max=120, help="Length of the horizon.")] = 12,
) -> None:
    """Write a seeded, realistic book whose capacity is tight but admits a plan that covers every account."""
    try:
        shape = Shape(accounts, reps, pairs, seed, tightness, roles, dt.date.fromisoformat(start), months)
    except ValueError as error:
        typer.echo(f"generate: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    book = generate_book(shape).book
    try:
        if out.suffix == ".json":
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(document(book), indent=1) + "\n", encoding="utf-8")
        else:
            write_folder(book, out)
    except OSError as error:
        typer.echo(f"generate: cannot write {out}: {error.strerror or error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    typer.echo(f"{out}: {accounts:,} accounts, {reps:,} reps, about {min(pairs, reps)} reps per account, seed {seed}.")
