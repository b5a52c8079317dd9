"""`coverplan solve`: from a problem to a plan."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.children import solver_children
from coverplan.cli.exits import Exit, exit_of
from coverplan.cli.folder import FolderSolve
from coverplan.cli.inputs import examine, read_plan
from coverplan.cli.outputs import PLAN_SUFFIXES, check_target, write_plan, write_report
from coverplan.cli.progress import ProgressLine
from coverplan.cli.summary import print_plan
from coverplan.payload.issues import Issue, IssueReport
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.requests import SolveRequest
from coverplan.process.job import InvalidError, Job, JobFailedError, NoRoomError

FLAGS = {"time_limit_s": "--time-limit", "relative_gap": "--gap"}
"""Flags that are not named like their option."""
TICK_S = 0.5
UNFINISHED = {"time_limit", "memory_limit", "finished_by_caller"}


def solve(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of Parquet or CSV tables.")],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for solving. [default: 30]")] = None,
    gap: Annotated[float | None, typer.Option(help="Stop at this relative gap; 0: prove. [default: 0.001]")] = None,
    absolute_gap: Annotated[float | None, typer.Option(help="Stop at this gap in money. [default: 0]")] = None,
    method: Annotated[Literal["auto", "exact", "priced"], typer.Option(help="How to solve.")] = "auto",
    backend: Annotated[
        Literal["auto", "highs", "cp_sat", "scip", "cbc"], typer.Option(help="Solver of the program.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
    deterministic: Annotated[bool, typer.Option("--deterministic", help="The same input, the same plan.")] = False,
    work_limit: Annotated[float | None, typer.Option(help="Deterministic limit in the solver's own unit.")] = None,
    start_plan: Annotated[Path | None, typer.Option(help="A plan to start from; the answer is no worse.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the plan to FILE.json, .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report to FILE.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan document, not a summary.")] = False,
) -> None:
    """Assign the accounts and say how good the plan provably is. Ctrl-C once: stop with the best plan so far.

    A folder holds problem.json (horizon, currency and segments; {} for the defaults) and one table each, NAME.parquet
    or NAME.csv, of accounts and reps, and where there are any territories, managers, fit and pairs. Their columns are
    the fields of the problem document; blank cells take the default.

    CSV has lists in one cell, separated by semicolons (revenue_history oldest year first, tags, required_skills;
    territory_ids, segments, skills and ramp of reps), a location as lat and lon, and who covers an account today as
    current_rep_id, current_role and current_since, each a list where there are several roles. Dates are YYYY-MM-DD,
    flags true or false. Parquet has lists and objects as such, or the same flat columns.

    The plan of a folder is one table of seats. In Parquet the rest of it is JSON in the file's metadata, under the key
    coverplan; beside a CSV it is a file of the same name that ends in .json.

    Exit codes: 0 a plan; 1 infeasible; 2 bad input; 3 no plan within the limit; 4 internal error.
    """
    check_target(out, PLAN_SUFFIXES, beside=(problem, policy))
    check_target(report, (".html", ".htm"), beside=(problem, policy))
    options = _options(
        time_limit_s=time_limit,
        relative_gap=gap,
        absolute_gap=absolute_gap,
        method=method,
        backend=backend,
        seed=seed,
        deterministic=deterministic,
        work_limit=work_limit,
    )
    if problem.is_dir():
        files = FolderSolve(problem, policy, start_plan, out, report)
        raise typer.Exit(files.run(options, lambda job, line: solved(job, line, files.where), as_json=as_json))
    start = None if start_plan is None else read_plan(start_plan)
    facts, rules = examine(problem, policy).checked()
    request = SolveRequest(problem=facts, policy=rules, options=options, start_plan=start)
    plan = solved(Job.solve(request, large=True), ProgressLine(facts.currency))
    try:
        if out is not None:
            write_plan(out, plan, facts)
        if report is not None:
            write_report(report, plan, facts, rules)
    finally:  # what cannot be written is printed at least
        print_plan(plan, facts, rules, as_json=as_json)
    raise typer.Exit(exit_of(plan))


def _options(**given: object) -> Options:
    """The options document; raises BadInputError that names the flag."""
    try:
        return Options.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["msg"], fault["input"]) for fault in error.errors()]
        flags = [(FLAGS.get(name, f"--{name.replace('_', '-')}"), text, value) for name, text, value in faults]
        raise BadInputError("; ".join(f"{flag} {value}: {text}" for flag, text, value in flags)) from None


def solved(job: Job, line: ProgressLine, files: dict[str, Path | None] | None = None) -> Plan:
    """The plan of a child process; exits where there is none."""
    try:
        with line:
            return Plan.model_validate_json(asyncio.run(_run(job, line)))
    except InvalidError as error:
        issues = [Issue.model_validate(issue) for issue in error.errors]
        report = IssueReport(errors=issues, total_errors=error.total, more=error.more)
        raise BadInputError(report=report, files=files) from None
    except NoRoomError as failure:
        print(f"coverplan: the folder for temporary files (COVERPLAN_WORK_DIR): {failure}", file=sys.stderr)
        raise typer.Exit(Exit.INTERNAL) from None
    except JobFailedError as failure:
        print(f"coverplan: {failure}", file=sys.stderr)
        if failure.code in UNFINISHED:
            raise typer.Exit(Exit.NO_PLAN) from None
        print(failure.last_words, file=sys.stderr)
        raise typer.Exit(Exit.INTERNAL) from None
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _run(job: Job, line: ProgressLine) -> bytes:
    """Solve in a child; the first interrupt finishes, the second cancels."""
    async with solver_children() as pool:
        run = await pool.submit(job, lambda step: line(Progress.model_validate(step)))
        interrupts = 0

        def interrupt() -> None:
            nonlocal interrupts
            interrupts += 1
            if interrupts == 1:
                line.say("Finishing with the best plan so far; Ctrl-C again gives up.")
                run.finish()
            else:
                run.task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)
        clock = asyncio.create_task(_tick(line))
        try:
            return await run.result()
        finally:
            clock.cancel()


async def _tick(line: ProgressLine) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        line.tick()
