"""What each part of the priced method is worth: the same instances with one part switched off at a time.

    python -m benchmarks.ablation [--only NAME ...] [--repetitions N] [--at-most SECONDS] [--out build/bench]

writes `ablation.json`. Variants take turns on each instance, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import phases, traces
from benchmarks.contender import INSTANCE, Limits
from benchmarks.judge import request_of_documents
from benchmarks.phases import MISSING, share
from benchmarks.race import race
from benchmarks.recorder import Recorder
from benchmarks.recorder import read as recorded
from benchmarks.registry import FULL, Instance, selected
from benchmarks.trial import Trial
from coverplan.mip.program import gap
from coverplan.payload.options import Options
from coverplan.runs.outcome import Progress
from coverplan.runs.solve import solve
from coverplan.runs.standing_run import Parts

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


def line(row: Switched) -> str:
    """In one line of text, for whoever watches."""
    proven, certified = _cell(row.gap, share), _cell(row.certificate_gap, share)
    first = _cell(row.first_plan_s, phases.seconds)
    return f"{row.instance:<24} {row.variant:<38} gap {proven}  certificate {certified}  first plan {first}"


def table(rows: Sequence[Switched]) -> str:
    """Medians per instance and variant; the certificate against the best plan of all variants."""
    head = ["instance", "variant", "gap", "certificate to best plan", "first plan", "bound took"]
    lines = [f"| {' | '.join(head)} |", "|---|---|--:|--:|--:|--:|"]
    for instance in dict.fromkeys(row.instance for row in rows):
        best = max(
            (row.objective for row in rows if row.instance == instance and row.objective is not None), default=None
        )
        for variant in VARIANTS:
            mine = [row for row in rows if (row.instance, row.variant) == (instance, variant)]
            if mine:
                row = sorted(mine, key=lambda row: float("inf") if row.gap is None else row.gap)[len(mine) // 2]
                cells = [_cell(row.gap, share), _cell(gap(best, row.certificate_bound)[0], share)]
                cells += [_cell(row.first_plan_s, phases.seconds), _cell(row.bound_seconds, phases.seconds)]
                lines.append(f"| {instance}, {row.limit_s:g} s | {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(number: float | None, text: Callable[[float], str]) -> str:
    return MISSING if number is None else text(number)


def run(folder: Path, variant: str, repetition: int, limits: Limits, recorder: Recorder) -> None:
    """Solve with the variant's parts; the plan is recounted by the ledger, the bound computed from the prices."""
    about = json.loads((folder / INSTANCE).read_text(encoding="utf-8"))
    options = Options(
        time_limit_s=limits.time_limit_s, relative_gap=limits.relative_gap, method="priced", seed=repetition
    )
    request = request_of_documents(Path(about["problem"]), about["policy"], options)

    def hear(step: Progress) -> None:
        if step.objective_value is not None:
            recorder.point(step.objective_value)
        if step.dual_bound is not None:
            recorder.bound(step.dual_bound)

    recorder.start()
    outcome = solve(request, hear, None, parts=Parts(**VARIANTS[variant]))
    recorder.end(
        objective=None if outcome.account is None else outcome.account.objective,
        certificate_bound=None if outcome.certificate is None else outcome.certificate.bound,
        bound=outcome.dual_bound,
        bound_seconds=outcome.seconds.get("bound"),
    )


def switched(instance: Instance, variant: str, repetition: int, seconds: float, out: Path) -> Switched | None:
    """Run a variant in a process of its own; None where it did not come to an end."""
    trial = Trial(instance, out)
    folder = out / "ablation" / instance.slug / f"{variant.replace(' ', '-')}-{repetition}"
    what = json.dumps([variant, repetition, seconds, instance.relative_gap])
    assert trial.problem.exists()
    command = [sys.executable, "-m", "benchmarks.ablation", "--one", what, str(trial.folder), str(folder)]
    raced = race([str(Path(part).resolve()) if Path(part).is_dir() else part for part in command], folder, seconds)
    events = recorded(folder)
    end = next((event for event in events if event["event"] == "end"), None)
    if end is None or raced.code != 0:
        return None
    return Switched(
        instance=instance.name,
        variant=variant,
        repetition=repetition,
        limit_s=seconds,
        objective=end["objective"],
        certificate_bound=end["certificate_bound"],
        gap=gap(end["objective"], end["bound"])[0],
        certificate_gap=gap(end["objective"], end["certificate_bound"])[0],
        bound_seconds=end["bound_seconds"],
        first_plan_s=traces.first_plan(traces.of_events(events)),
        seconds=end["t"],
    )


def main() -> None:
    """Run every variant, one after the other, and write what they reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(DEFAULT), help="names of instances, or parts of them")
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--at-most", type=float, help="seconds, where an instance's own limit is longer")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        what, folder, out = given.one
        variant, repetition, seconds, relative_gap = json.loads(what)
        run(Path(folder), variant, repetition, Limits(seconds, relative_gap), Recorder(Path(out)))
        return
    rows: list[Switched] = []
    for instance in selected(FULL, given.only):
        seconds = min(instance.time_limit_s, given.at_most or instance.time_limit_s)
        for repetition in range(given.repetitions):
            for variant in VARIANTS:
                row = switched(instance, variant, repetition, seconds, given.out)
                print(f"{instance.name}: {variant} came to no end" if row is None else line(row), flush=True)
                rows += [] if row is None else [row]
                (given.out / FILE).write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
