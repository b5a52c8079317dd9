"""Measure Coverplan and its peers on the same arrays, one after the other in one run.

    python -m benchmarks.measure [--only NAME ...] [--peers highs scip cp_sat cbc waterfall] [--out build/bench]

writes `results.json` and `table.md`. Every plan, also a peer's, is recounted by Coverplan's ledger; every plan of
Coverplan up to 2,000 accounts is verified. Quote ratios within one run: absolute seconds are this machine's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import alone, waterfall
from benchmarks.registry import Document, Instance, instances
from coverplan.domain.book import Book
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import Choice
from coverplan.mip.program import Limits, gap
from coverplan.payload.answer import request_of, solve
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.runs.run import formulate
from coverplan.verify import verify

VERIFY_UP_TO = 2_000


@dataclass(frozen=True)
class Row:
    """What one contender reached on one instance; money as in the problem, seconds from the loaded problem."""

    instance: str
    contender: str
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    first_plan_s: float | None
    seconds: float
    verified: bool | None = None


def coverplan(instance: Instance, documents: tuple[Document, Document]) -> Row:
    """The product itself, by its defaults."""
    problem, policy = (json.dumps(document) for document in documents)
    first: list[float] = []
    options = Options(time_limit_s=instance.time_limit_s, relative_gap=instance.relative_gap)
    models = Problem.model_validate_json(problem), Policy.model_validate_json(policy)
    began = time.monotonic()
    plan = solve(
        *models, options, listen=lambda step: first.append(step.t) if step.objective_value is not None else None
    )
    seconds = time.monotonic() - began
    verified = None
    if len(models[0].accounts) <= VERIFY_UP_TO:
        verified = verify(*documents, plan.model_dump(mode="json")).ok
    objective = None if plan.objective is None else plan.objective.value
    return Row(
        instance.name,
        f"coverplan ({plan.method.used})",
        plan.solution_status,
        objective,
        plan.dual_bound,
        plan.gap,
        first[0] if first else None,
        seconds,
        verified,
    )


def peer(name: str, instance: Instance, documents: tuple[Document, Document]) -> Row:
    """A peer on the same arrays."""
    problem = Problem.model_validate_json(json.dumps(documents[0]))
    policy = Policy.model_validate_json(json.dumps(documents[1]))
    limits = Limits(time_limit_s=instance.time_limit_s, relative_gap=instance.relative_gap)
    began = time.monotonic()
    formulation = formulate(request_of(Book.of(to_instance(problem)), policy, Options(), None))
    choice: Choice | None
    bound: float | None = None
    first: float | None = None
    if name == "waterfall":
        choice = waterfall.run(formulation)
    else:
        choice, bound, first = alone.run(name, formulation, limits)
    seconds = time.monotonic() - began
    account = None if choice is None else ledger(formulation, choice)
    feasible = account is not None and account.feasible
    objective = account.objective if account is not None and feasible else None
    status = "no plan" if account is None else "plan" if feasible else "breaks hard rules"
    return Row(instance.name, name, status, objective, bound, gap(objective, bound)[0], first, seconds)


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| instance | contender | objective | proven gap | first plan | seconds |", "|---|---|--:|--:|--:|--:|"]
    for row in rows:
        objective = f"{row.objective:,.0f}" if row.objective is not None else row.status
        proven = "-" if row.gap is None else "0" if row.gap < 1e-9 else f"{row.gap:.4%}"
        first = "-" if row.first_plan_s is None else f"{row.first_plan_s:.1f}"
        lines.append(f"| {row.instance} | {row.contender} | {objective} | {proven} | {first} | {row.seconds:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the selection and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="instances whose name contains one of these")
    parser.add_argument("--peers", nargs="*", default=["highs", "waterfall"])
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    arguments = parser.parse_args()
    rows: list[Row] = []
    arguments.out.mkdir(parents=True, exist_ok=True)
    for instance in instances():
        if arguments.only and not any(part in instance.name for part in arguments.only):
            continue
        documents = instance.load()
        rows.append(coverplan(instance, documents))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
        for name in arguments.peers:
            rows.append(peer(name, instance, documents))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
        about = {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "versions": {name: version(name) for name in ("coverplan", "ortools", "numpy", "scipy")},
        }
        results = {**about, "rows": [asdict(row) for row in rows]}
        (arguments.out / "results.json").write_text(json.dumps(results, indent=1))
        (arguments.out / "table.md").write_text(table(rows))


if __name__ == "__main__":
    main()
