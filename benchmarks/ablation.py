"""What each part of the priced method is worth: the same instances with one part switched off at a time.

    python -m benchmarks.ablation [--only NAME ...] [--repetitions N] [--at-most SECONDS] [--out build/bench]

writes `ablation.json`. Variants take turns on each instance, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import traces
from benchmarks.phases import MISSING, seconds, share
from benchmarks.registry import Instance, selected
from benchmarks.traces import Point

FILE = "ablation.json"
VARIANTS: dict[str, dict[str, bool]] = {
    "all parts": {},
    "bound without smoothing": {"smoothing": False},
    "neighbourhoods without gap direction": {"gap_direction": False},
    "without reduced-cost fixing": {"fixing": False},
}
DEFAULT = ("book/1000x20x8-tight", "book/20000x100x12")


@dataclass(frozen=True)
class Switched:
    """What a variant reached on an instance."""

    instance: str
    variant: str
    repetition: int
    limit_s: float
    objective: float | None
    certificate_bound: float | None
    gap: float | None
    certificate_gap: float | None
    bound_seconds: float | None
    first_plan_s: float | None
    seconds: float


def read(folder: Path) -> list[Switched]:
    """What was measured before."""
    path = folder / FILE
    return [Switched(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def table(rows: Sequence[Switched]) -> str:
    """Medians per instance and variant."""
    head = "| instance | variant | gap | certificate's gap | first plan | bound took |\n|---|---|--:|--:|--:|--:|"
    lines = [head]
    for instance in dict.fromkeys(row.instance for row in rows):
        for variant in VARIANTS:
            mine = [row for row in rows if (row.instance, row.variant) == (instance, variant)]
            if mine:
                row = sorted(mine, key=lambda row: float("inf") if row.gap is None else row.gap)[len(mine) // 2]
                cells = [_cell(row.gap, share), _cell(row.certificate_gap, share)]
                cells += [_cell(row.first_plan_s, seconds), _cell(row.bound_seconds, seconds)]
                lines.append(f"| {instance}, {row.limit_s:g} s | {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(number: float | None, text: Any) -> str:
    return MISSING if number is None else str(text(number))


def run(problem: Path, instance: Instance, variant: str, repetition: int, limit: float, queue: Any) -> None:
    """Solve with the variant's parts; the plan is recounted by the ledger, the bound computed from the prices."""
    from benchmarks.judge import request_of_documents  # noqa: PLC0415 - in the child only
    from coverplan.mip.program import gap  # noqa: PLC0415
    from coverplan.payload.options import Options  # noqa: PLC0415
    from coverplan.runs.outcome import Progress  # noqa: PLC0415

    engine: Any = import_module("coverplan.runs.solve")
    parts = import_module("coverplan.runs.priced").Parts(**VARIANTS[variant])

    options = Options(time_limit_s=limit, relative_gap=instance.relative_gap, method="priced", seed=repetition)
    request = request_of_documents(problem, instance.policy, options)
    trace: list[Point] = []
    began = time.monotonic()

    def hear(step: Progress) -> None:
        trace.append(Point(time.monotonic() - began, step.objective_value, step.dual_bound))

    outcome = engine.solve(request, hear, None, parts=parts)
    objective = None if outcome.account is None else outcome.account.objective
    certified = None if outcome.certificate is None else outcome.certificate.bound
    queue.put(
        Switched(
            instance=instance.name,
            variant=variant,
            repetition=repetition,
            limit_s=limit,
            objective=objective,
            certificate_bound=certified,
            gap=gap(objective, outcome.dual_bound)[0],
            certificate_gap=gap(objective, certified)[0],
            bound_seconds=outcome.seconds.get("bound"),
            first_plan_s=traces.first_plan(trace),
            seconds=time.monotonic() - began,
        )
    )


def main() -> None:
    """Run every variant, one after the other, and write what they reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(DEFAULT), help="names of instances, or parts of them")
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--at-most", type=float, help="seconds, where an instance's own limit is longer")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    spawn = multiprocessing.get_context("spawn")
    rows: list[Switched] = []
    for instance in selected("full", given.only):
        problem = instance.problem(given.out)
        limit = min(instance.time_limit_s, given.at_most or instance.time_limit_s)
        for repetition in range(given.repetitions):
            for variant in VARIANTS:
                queue = spawn.Queue()
                child = spawn.Process(target=run, args=(problem, instance, variant, repetition, limit, queue))
                child.start()
                child.join(2 * limit + 600)
                if child.is_alive():
                    child.kill()
                if child.exitcode == 0:
                    rows.append(queue.get())
                    print(table(rows[-1:]).splitlines()[-1], flush=True)
                else:
                    print(f"{instance.name}: {variant} ended with {child.exitcode}", flush=True)
                (given.out / FILE).write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
