"""Let every way to solve judge every other: no bound that one claims may lie below a plan that another finds.

    python -m benchmarks.second_opinion [--cases N] [--first SEED] [--limit SECONDS] [--out build/second_opinion.json]

Each case is solved by all methods and backends, from nothing, from a start plan, from the plans of another policy,
and from a checkpoint that holds a worse plan beside the best bound that anybody has proven; with all pairs listed and
with few; and by `auto` with the sizes lowered at which it changes its method. Every plan goes through the verifier.
A thousand cases take about an hour on two cores. Exit code 1: something was wrong, and the output says what.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.instances.mixed import SIZES, Case, case
from coverplan.payload.answer import solve
from coverplan.payload.checkpoint import Checkpoint, keeper
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.pricing.scope import OverAll
from coverplan.verify import verify

LOWERED = {"coverplan.runs.choice.PRICED_FROM": 30, "coverplan.runs.choice.DENSE_FROM": 10}
"""Sizes at which `auto` changes its method, as they are for these small problems."""
NO_LOOK = {"coverplan.runs.run.MOST_PAIRS": 0}
DISTURBED = 0.3
"""Share of the seats that the plan of a checkpoint has elsewhere."""


@dataclass(frozen=True)
class Way:
    """One way to solve."""

    name: str
    options: dict[str, Any]
    begin: str = "nothing"
    """From `nothing`, a `start` plan, `others`' plans, or a `checkpoint`."""
    constants: dict[str, int] = field(default_factory=dict)
    per_seat: int | None = None
    """Pairs listed per seat; None: all."""


WAYS = (
    Way("exact", {"method": "exact"}),
    Way("cbc", {"backend": "cbc"}),
    Way("scip", {"backend": "scip"}),
    Way("cp_sat", {"backend": "cp_sat"}),
    Way("deterministic", {"deterministic": True}),
    Way("priced", {"method": "priced"}),
    Way("auto", {}, constants=LOWERED),
    Way("exact, warm", {"method": "exact"}, "start"),
    Way("priced, warm", {"method": "priced"}, "start"),
    Way("auto, warm", {}, "start", LOWERED),
    Way("priced, others", {"method": "priced"}, "others"),
    Way("auto, others", {}, "others", LOWERED),
    Way("exact, resumed", {"method": "exact"}, "checkpoint"),
    Way("priced, resumed", {"method": "priced"}, "checkpoint"),
    Way("auto, resumed", {}, "checkpoint", LOWERED),
    Way("priced, few pairs", {"method": "priced"}, per_seat=2),
    Way("exact, few pairs", {"method": "exact"}, per_seat=2),
    Way("priced, few pairs, no look", {"method": "priced"}, constants=NO_LOOK, per_seat=2),
)


def in_turn(seed: int, count: int) -> tuple[Way, ...]:
    """The exact method and some of the other ways, others with each seed: for those who have little time."""
    others = WAYS[1:]
    return (WAYS[0], *(others[(count * seed + place) % len(others)] for place in range(count)))


@dataclass
class Opinions:
    """What all ways say of one case."""

    case: Case
    plans: list[tuple[Way, Plan]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def best(self) -> float:
        """Worth of the best plan, -inf without one."""
        return max((plan.objective.value for _, plan in self.plans if plan.objective is not None), default=-np.inf)

    @property
    def bound(self) -> float:
        """The least bound that anybody claims."""
        return min((claim for _, plan in self.plans for claim in claims(plan)), default=np.inf)

    def judge(self) -> None:
        """Hold every claim against the best plan of all."""
        allowed = 1e-6 + 1e-9 * abs(self.best) if np.isfinite(self.best) else 0.0
        for way, plan in self.plans:
            for claim in claims(plan):
                if claim < self.best - allowed:
                    self.faults.append(f"{way.name}: claims {claim!r}, where a plan is worth {self.best!r}")
            if (
                plan.solution_status == "optimal"
                and plan.objective is not None
                and plan.objective.value < self.best - allowed
            ):
                self.faults.append(
                    f"{way.name}: calls {plan.objective.value!r} optimal, where {self.best!r} is possible"
                )


def claims(plan: Plan) -> Iterator[float]:
    """The upper bounds on all plans that an answer claims."""
    if plan.solution_status == "infeasible":
        yield -np.inf
    if plan.dual_bound is not None:
        yield plan.dual_bound
    if plan.certificate is not None and plan.certificate.scope == "all_admissible":
        yield plan.certificate.bound


def asked(one: Case, ways: tuple[Way, ...] = WAYS, limit_s: float = 5.0) -> Opinions:
    """The opinions of all ways on a case."""
    found = Opinions(one)
    with tempfile.TemporaryDirectory() as folder:
        for way in ways:
            try:
                plan = _solved(found, way, limit_s, Path(folder))
            except PayloadError as refusal:
                codes = {issue.code for issue in refusal.report.errors}
                if not codes <= {"exact_method_only", "family_locked_apart"}:
                    found.faults.append(f"{way.name}: refused, {sorted(codes)}")
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                found.faults.append(f"{way.name}: {type(error).__name__}: {error}")
                continue
            found.plans.append((way, plan))
            checked = verify(one.problem, _policy(one, way), json.loads(plan.model_dump_json()))
            found.faults += [f"{way.name}: {failure.code}: {failure.message}" for failure in checked.failures]
    found.judge()
    return found


def _policy(one: Case, way: Way) -> dict[str, Any]:
    return one.policy if way.per_seat is None else {**one.policy, "candidates": {"per_seat": way.per_seat}}


def _solved(found: Opinions, way: Way, limit_s: float, folder: Path) -> Plan:
    one = found.case
    problem = Problem.model_validate_json(json.dumps(one.problem))
    policy = Policy.model_validate_json(json.dumps(_policy(one, way)))
    options = Options(relative_gap=0.0, time_limit_s=limit_s, **way.options)
    with _constants(way.constants):
        if way.begin == "checkpoint":
            return solve(problem, policy, options, checkpoint=_disturbed(found, folder))
        started = _elsewhere(problem, policy) if way.begin != "nothing" else None
        if way.begin == "start" and started is not None:
            return solve(problem, policy, options, start_plan=started)
        others = [] if started is None else [started]
        kept = folder if way.name == "exact" else None
        return solve(problem, policy, options, other_plans=others, checkpoint=kept)


def _elsewhere(problem: Problem, policy: Policy) -> Plan | None:
    """A plan for the first rule alone."""
    some = policy.model_copy(update={"constraints": policy.rules()[:1]})
    plan = solve(problem, some, Options(relative_gap=0.1, time_limit_s=1))
    return None if plan.objective is None else plan


def _disturbed(found: Opinions, folder: Path) -> Path:
    """A checkpoint of the first solve, its plan disturbed, beside the best bound that anybody has proven."""
    beside = folder / "disturbed"
    beside.mkdir(exist_ok=True)
    (beside / CHECKPOINT_FILE).unlink(missing_ok=True)
    kept = Checkpoint.read(folder) if (folder / CHECKPOINT_FILE).exists() else None
    if kept is not None and kept.reps is not None:
        draw = np.random.default_rng(len(found.case.name))
        moved = draw.random(len(kept.reps)) < DISTURBED
        reps = np.where(moved, np.where(draw.random(len(kept.reps)) < 0.5, -1, np.roll(kept.reps, 1)), kept.reps)
        keeper(beside)(reps, OverAll(found.bound), kept.certificate, kept.trace, False)
    return beside


@contextmanager
def _constants(values: dict[str, int]) -> Iterator[None]:
    with ExitStack() as patches:
        for name, value in values.items():
            patches.enter_context(patch(name, value))
        yield


def main() -> int:
    """Judge the cases; what is wrong is printed as it is found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds per solve")
    parser.add_argument("--out", type=Path, default=Path("build/second_opinion.json"))
    wanted = parser.parse_args()
    began, faults, statuses = time.monotonic(), [], Counter[str]()
    for seed in range(wanted.first, wanted.first + wanted.cases):
        found = asked(case(seed, sorted(SIZES)[seed // 3 % 3]), WAYS, wanted.limit)
        statuses.update(f"{way.name}: {plan.solution_status}" for way, plan in found.plans)
        for fault in found.faults:
            print(f"{found.case.name}: {fault}", flush=True)
            faults.append({"case": found.case.name, "seed": seed, "fault": fault})
        if (seed + 1) % 50 == 0:
            print(
                f"{seed + 1 - wanted.first} cases, {time.monotonic() - began:.0f} s, {len(faults)} faults", flush=True
            )
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "cases": wanted.cases,
        "first": wanted.first,
        "solves": statuses.total(),
        "statuses": statuses,
        "faults": faults,
    }
    wanted.out.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(f"{wanted.cases} cases, {statuses.total()} solves, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
