"""`coverplan doctor`: whether this machine can solve, and what to do if not."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import typer

from coverplan.cli.children import solver_children
from coverplan.cli.exits import Exit
from coverplan.cli.storage import Finding, blobs, database
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import SolveRequest
from coverplan.process.job import Job, ProcessError
from coverplan.settings import MEGABYTE, Settings

OLDEST_PYTHON = (3, 11)
LEAST_SPACE_MB = 500
LIMIT_S = 10.0
BACKENDS = ("highs", "scip", "cp_sat", "cbc")
TINY: dict[str, object] = {
    "accounts": [{"id": "a", "potential": 30.0}, {"id": "b", "potential": 20.0}, {"id": "c", "potential": 10.0}],
    "reps": [{"id": "r", "capacity_hours": 2.0}],
}
TINY_OPTIMUM = 50.0
"""Two of the three accounts fit: 30 + 20."""


def doctor() -> None:
    """Check Python, the packages, each solver by a tiny solve, temporary files, database, clock and blob store.

    Exit codes: 0 all is well; 1 something is not.
    """
    well = True
    for check in CHECKS:
        for finding in check():
            well &= finding.advice is None
            typer.echo(f"{'ok     ' if finding.advice is None else 'PROBLEM'}  {finding.name:<12} {finding.seen}")
            if finding.advice is not None:
                typer.echo(f"         {finding.advice}")
    typer.echo("All is well." if well else "Something is not as it should be: see the advice above.")
    raise typer.Exit(Exit.OK if well else Exit.NEGATIVE)


def _python() -> Iterator[Finding]:
    fine = sys.version_info[:2] >= OLDEST_PYTHON
    seen = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", seen, None if fine else "Install Python 3.11 or later and run `make setup` again.")


def _packages() -> Iterator[Finding]:
    for name in ("ortools", "pulp", "numpy", "scipy", "pydantic"):
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "missing", "Run `make setup`.")
    if importlib.util.find_spec("highspy") is not None:
        yield Finding("highspy", "installed", "It clashes with the HiGHS inside OR-Tools: `pip uninstall highspy`.")


def _solvers() -> Iterator[Finding]:
    for backend, result in asyncio.run(_tiny_solves()).items():
        if isinstance(result, ProcessError):
            words = getattr(result, "last_words", "").strip().splitlines()
            yield Finding(backend, "; ".join([str(result), *words[-1:]]), "Run `make setup`; if it stays, report it.")
            continue
        value = None if result.objective is None else result.objective.value
        fine = value is not None and abs(value - TINY_OPTIMUM) < 1e-6
        seconds = sum(result.metrics.seconds.values())
        seen = f"solved a tiny program in {seconds:.2f} s" if fine else f"found {value}, not {TINY_OPTIMUM}"
        yield Finding(backend, seen, None if fine else "Do not use it on this machine; please report it.")


async def _tiny_solves() -> dict[str, Plan | ProcessError]:
    """What each backend makes of the tiny problem, in a child process: one that crashes does no harm."""
    answers: dict[str, Plan | ProcessError] = {}
    policy = Policy.model_validate({"constraints": [{"kind": "capacity"}]})
    async with solver_children(warm=1) as pool:
        for backend in BACKENDS:
            options = Options.model_validate({"backend": backend, "time_limit_s": LIMIT_S, "relative_gap": 0.0})
            request = SolveRequest(problem=Problem.model_validate(TINY), policy=policy, options=options)
            try:
                answers[backend] = Plan.model_validate_json(await pool.run(Job.solve(request)))
            except ProcessError as error:
                answers[backend] = error
    return answers


def _space() -> Iterator[Finding]:
    folder = Settings().work_dir or tempfile.gettempdir()
    advice = "Free some space, or name another folder in COVERPLAN_WORK_DIR."
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
        free = shutil.disk_usage(folder).free / MEGABYTE
    except OSError as error:
        yield Finding("temp space", f"{folder}: {error.strerror or error}", advice)
        return
    yield Finding("temp space", f"{free:,.0f} MB free in {folder}", advice if free < LEAST_SPACE_MB else None)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _packages, _solvers, _space, database, blobs)
