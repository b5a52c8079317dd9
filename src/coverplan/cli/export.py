"""`coverplan export`: the program behind a problem and a policy, as MPS or LP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.inputs import examine
from coverplan.cli.outputs import check_target, write_file
from coverplan.payload import answer


def export(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of Parquet or CSV tables.")],
    out: Annotated[Path, typer.Option(help="MODEL.mps or MODEL.lp.")],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
) -> None:
    """Write the mixed-integer program in MPS or LP format, for another solver."""
    check_target(out, (".mps", ".lp"), beside=(problem, policy))
    facts, rules = examine(problem, policy).checked()
    write_file(out, lambda part: answer.export(facts, rules, part))
    typer.echo(f"{out}: {out.stat().st_size:,} bytes.")
