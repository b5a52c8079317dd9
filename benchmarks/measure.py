"""Measure Coverplan and its peers on the same arrays, contenders taking turns within one run.

    python -m benchmarks.measure [--tag quick|full] [--only NAME ...] [--contenders NAME ...] [--repetitions N]
                                 [--budget MINUTES] [--at-most SECONDS] [--fresh] [--out build/bench]

writes `results.json`, `table.md` and the plots. A row that the same code has measured before is kept, so a run that
was stopped goes on where it ended. Quote ratios within one run: absolute seconds are this machine's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contender import OWN, requirements_of
from benchmarks.registry import ALL, FULL, QUICK, Instance, selected
from benchmarks.render import line, render
from benchmarks.rows import RESULTS, Results, Row, about, code
from benchmarks.trial import Trial

AROUND_S = 5.0
"""What loading, judging and verifying usually take beside the solve."""


@dataclass(frozen=True)
class Turn:
    """One row to measure."""

    instance: Instance
    contender: str
    repetition: int
    seconds: float

    @property
    def key(self) -> tuple[str, str, int, float, float]:
        return self.instance.name, self.contender, self.repetition, self.seconds, self.instance.relative_gap


def turns(
    tag: str,
    only: list[str] | None,
    contenders: list[str] | None,
    repetitions: int,
    at_most: float | None,
) -> Iterator[Turn]:
    """Who runs when: on each instance everybody in turn, starting with another one in each repetition."""
    for instance in selected(tag, only):
        quick = tag == QUICK and instance.quick_limit_s is not None
        seconds = instance.quick_limit_s if quick and instance.quick_limit_s is not None else instance.time_limit_s
        seconds = min(seconds, at_most) if at_most is not None else seconds
        names = [OWN, *(instance.quick_peers if tag == QUICK else instance.peers)]
        if contenders is not None:
            names = [name for name in contenders if name == OWN or not instance.bulk]
        for repetition in range(repetitions):
            first = repetition % max(1, len(names))
            for name in (*names[first:], *names[:first]):
                yield Turn(instance, name, repetition, seconds)


def measure(plan: list[Turn], results: Results, out: Path, budget_s: float) -> Iterator[Row | str]:
    """Take the turns that are not in the results yet, as long as the budget lasts; results are written as they come."""
    ends, trial, measured = time.monotonic() + budget_s, None, code()
    for turn in plan:
        if results.has(turn.key, measured):
            continue
        if time.monotonic() + turn.seconds + AROUND_S > ends:
            yield f"{turn.instance.name}: {turn.contender} no longer fits the budget"
            continue
        if trial is None or trial.instance is not turn.instance:
            trial = Trial(turn.instance, out)
        row = trial.run(turn.contender, turn.repetition, turn.seconds)
        results.put(row)
        results.about = about({name: required for name in ALL if (required := requirements_of(name)) is not None})
        results.write(out / RESULTS)
        yield row


def main() -> None:
    """Run the selection, then render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", choices=(QUICK, FULL), default=QUICK)
    parser.add_argument("--only", nargs="*", help="instances whose name contains one of these")
    parser.add_argument("--contenders", nargs="*", choices=(OWN, *ALL), help="only these, on every instance")
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--budget", type=float, default=float("inf"), help="minutes after which no turn begins")
    parser.add_argument("--at-most", type=float, help="seconds, where an instance's own limit is longer")
    parser.add_argument("--fresh", action="store_true", help="measure again what is known already")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    plan = list(turns(given.tag, given.only, given.contenders, given.repetitions, given.at_most))
    results = Results.read(given.out / RESULTS)
    if given.fresh:
        wanted = {turn.key for turn in plan}
        results.rows = [row for row in results.rows if row.key not in wanted]
    for news in measure(plan, results, given.out, 60 * given.budget):
        print(news if isinstance(news, str) else line(news), flush=True)
    render(given.out)


if __name__ == "__main__":
    main()
