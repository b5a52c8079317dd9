"""`coverplan validate`: all issues of a problem and a policy, without solving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.bad_input import counts, issue_text, more_text
from coverplan.cli.exits import Exit
from coverplan.cli.inputs import examine, examine_tables


def validate(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of Parquet or CSV tables.")],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every issue of a problem and a policy: errors, and what will not work well. Nothing is solved.

    Exit codes: 0 valid, perhaps with warnings; 1 not valid; 2 a file cannot be read.
    """
    found = examine_tables(problem, policy) if problem.is_dir() else examine(problem, policy)
    report = found.report
    valid = not report.total_errors
    if as_json:
        answer = {
            "valid": valid,
            "issues": [issue.model_dump(mode="json") for issue in report.issues],
            "total_errors": report.total_errors,
            "total_warnings": report.total_warnings,
        }
        typer.echo(json.dumps(answer, indent=1))
    else:
        for issue in report.issues:
            typer.echo(issue_text(issue, found.files, found.locate))
        for line in more_text(report):
            typer.echo(line)
        typer.echo(f"{'Valid' if valid else 'Not valid'}: {counts(report)}.")
    raise typer.Exit(Exit.OK if valid else Exit.NEGATIVE)
