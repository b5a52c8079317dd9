"""`coverplan demo`: the whole way once, over HTTP, with files to look at."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.exits import Exit, exit_of
from coverplan.cli.inputs import examine
from coverplan.cli.outputs import write_plan, write_report
from coverplan.cli.progress import ProgressLine
from coverplan.cli.summary import print_plan
from coverplan.cli.verify import report, verified
from coverplan.client import Client, CoverplanError
from coverplan.library.own_service import own_service
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.tables.generate import generate

ACCOUNTS, REPS, SEED = 600, 24, 2027
POLICY = {
    "name": "balanced, gentle, the top 20 stay",
    "constraints": [
        {"kind": "capacity"},
        {"kind": "balance", "measure": "revenue", "tolerance": 0.15, "penalty": 0.2},
        {"kind": "keep_current", "max_moved_share": 0.2},
        {"kind": "protect", "accounts": {"top": 20, "by": "revenue"}},
    ],
}


def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("build/demo"),
    time_limit: Annotated[float, typer.Option(min=1, max=300, help="Seconds for solving.")] = 20.0,
    gap: Annotated[float, typer.Option(min=0, max=1, help="Stop at this relative gap.")] = 0.002,
) -> None:
    """Generate a book of 600 accounts and 24 reps, start the service, post the book, and verify the plan.

    Leaves problem.json, policy.json, plan.json, plan.csv and report.html, and stops the service.
    """
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "problem.json", generate(ACCOUNTS, REPS, seed=SEED))
    _write(out / "policy.json", POLICY)
    problem, policy = examine(out / "problem.json", out / "policy.json").checked()
    options = Options.model_validate({"time_limit_s": time_limit, "relative_gap": gap})
    plan = _posted(out, problem, policy, options)
    write_plan(out / "plan.json", plan, problem)
    write_plan(out / "plan.csv", plan, problem)
    write_report(out / "report.html", plan, problem, policy)
    print_plan(plan, problem, policy)
    found = verified(problem, policy, plan)
    typer.echo()
    for line in report(found, plan, problem.currency):
        typer.echo(line)
    typer.echo(f"\n{out}: {', '.join(sorted(path.name for path in out.iterdir()))}")
    raise typer.Exit(exit_of(plan) if found.ok else Exit.NEGATIVE)


def _posted(out: Path, problem: Problem, policy: Policy, options: Options) -> Plan:
    """The service's answer; exits where there is none."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="coverplan-demo-") as state,
            own_service(out / "service.log", Path(state)) as url,
            Client(url) as client,
        ):
            _say(f"POST {url}/v1/solve: {len(problem.accounts):,} accounts, {len(problem.reps):,} reps")
            with ProgressLine(problem.currency) as line:
                plan = client.solve(problem, policy, options, on_progress=line)
        _say("The service has stopped.")
    except CoverplanError as error:
        _say(f"coverplan: {error} The service's log is {out / 'service.log'}.")
        raise typer.Exit(Exit.INTERNAL) from None
    return plan


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
