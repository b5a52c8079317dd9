"""CBC, the binary that PuLP brings, as a subprocess: slow, but it shares no code with the others."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
from pulp import PULP_CBC_CMD

from coverplan.mip.program import Floats, Limits, Listener, Program, Result
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers.base import Capabilities
from coverplan.solvers.pulp_model import pulp_problem
from coverplan.solvers.search import Ended, Search, solve_with

GRACE_S = 1.0
"""How long CBC may overrun its own time limit before it is killed, and its points with it."""

_BOUND = re.compile(r"best possible (?P<bound>[-+\d.e]+)|^Lower bound:\s+(?P<last>[-+\d.e]+)")
_LOG_ROUNDING = 5e-7
_NODES = "Exiting on maximum nodes"


class Cbc:
    """Its work limit counts branch-and-bound nodes. Points arrive at the end only."""

    name = "cbc"
    capabilities = Capabilities(
        hints=True,
        streams_points=False,
        streams_bounds=True,
        deterministic=True,
        proves_infeasibility=True,
        exact_data=True,
    )

    def solve(
        self, program: Program, limits: Limits, start: Floats | None = None, listen: Listener | None = None
    ) -> Result:
        """Solve within the limits."""
        return solve_with(_drive, program, limits, start, listen)


def _drive(search: Search) -> Ended:
    scaled = scale(search.program)
    with tempfile.TemporaryDirectory(prefix="coverplan-") as name:
        folder = Path(name)
        pulp_problem(scaled.program, maximise=False).writeMPS(str(folder / "model.mps"))
        if search.start is not None:
            _write_start(folder / "start.txt", scaled.scaled_point(search.start))
        log = _run(search, scaled, folder)
        solution = folder / "solution.txt"
        if not solution.exists():
            search.notes.append(f"CBC left no solution file: {log[-1] if log else 'no output'}")
            return Ended.FAILED
        return _read(search, scaled, solution.read_text().splitlines(), log)


def _run(search: Search, scaled: Scaled, folder: Path) -> list[str]:
    """Run CBC, reporting bounds as it prints them; returns its log."""
    command = [PULP_CBC_CMD.pulp_cbc_path, *_arguments(search, scaled, folder)]
    log = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        watchdog = threading.Timer(search.remaining() + GRACE_S, process.kill)
        watchdog.start()
        try:
            for line in process.stdout or ():
                log.append(line.strip())
                if match := _BOUND.search(line):
                    # CBC minimises the negated objective, so its lower bound is the negated upper bound.
                    bound = -float(match["bound"] or match["last"])
                    search.bounded(scaled.value(bound + _LOG_ROUNDING * max(1000.0, abs(bound))))
        finally:
            watchdog.cancel()
            process.kill()
    return log


def _arguments(search: Search, scaled: Scaled, folder: Path) -> list[str]:
    limits = search.limits
    arguments = [str(folder / "model.mps"), "-timeMode", "elapsed", "-sec", f"{search.remaining():.3f}"]
    arguments += ["-ratio", repr(limits.relative_gap), "-allow", repr(limits.absolute_gap * scaled.objective)]
    arguments += ["-randomSeed", str(limits.seed % 2**31), "-randomCbcSeed", str(limits.seed % 2**31)]
    arguments += ["-increment", "1e-9"]
    arguments += ["-primalTolerance", "1e-9", "-integerTolerance", "1e-9"]
    if limits.work_limit is not None:
        arguments += ["-maxNodes", str(int(limits.work_limit))]
    if search.start is not None:
        arguments += ["-mips", str(folder / "start.txt")]
    return [*arguments, "-solve", "-solution", str(folder / "solution.txt")]


def _write_start(file: Path, x: Floats) -> None:
    lines = [f"{column} x{column} {float(x[column])!r} 0" for column in np.flatnonzero(x)]
    file.write_text("\n".join(["Stopped on time - objective value 0", *lines, ""]))


def _read(search: Search, scaled: Scaled, lines: list[str], log: list[str]) -> Ended:
    """Take the point; CBC's first line says what it is worth."""
    headline = lines[0] if lines else ""
    if headline.startswith(("Infeasible", "Integer infeasible")):
        return Ended.INFEASIBLE
    if headline.startswith("Unbounded"):
        search.notes.append("the objective is unbounded")
        return Ended.FAILED
    optimal = headline.startswith("Optimal")
    if optimal or "no integer solution" not in headline:
        search.found(scaled.point(_point(lines[1:], search.program.objective.size)))
    if optimal:
        if not any("Lower bound:" in line for line in log):
            # Printed to eight digits: its point may be worth a hair more.
            search.bounded(max(scaled.value(-float(headline.split()[-1])), search.objective))
        return Ended.COMPLETE
    return Ended.WORK if any(_NODES in line for line in log) else Ended.TIME


def _point(lines: list[str], columns: int) -> Floats:
    x = np.zeros(columns)
    for line in lines:
        name, value = line.replace("**", "").split()[1:3]
        if name.startswith("x"):
            x[int(name[1:])] = float(value)
    return x
