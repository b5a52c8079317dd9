"""Attack a real service on this machine and see that it keeps its promises.

    python -m benchmarks.attack [--only kills malformed ...] [--minutes 20] [--to benchmarks/results]

Only loopback is called, every process is its own, and all of them are gone afterwards. Less time means fewer rounds.
It ends with 1 where anything was lost, doubled or wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from benchmarks.attack import (
    closing,
    databases,
    disks,
    experiments,
    kills,
    malformed,
    partitions,
    scopes,
    streams,
    tenants,
)
from benchmarks.attack.balance import sum_of
from benchmarks.attack.effort import WHOLE_MIN, Effort
from benchmarks.attack.outcome import Outcome, keep

Part = Callable[[Effort, Path], Iterator[Outcome]]
PARTS: dict[str, Part] = {
    module.PART: module.attack
    for module in (
        kills,
        partitions,
        databases,
        disks,
        malformed,
        scopes,
        tenants,
        streams,
        closing,
        experiments,
    )
}


def outcomes(name: str, effort: Effort) -> Iterator[Outcome]:
    """The outcomes of a part, each as soon as it is there, with the seconds that it took."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        for outcome in _timed(_until_it_fails(name, PARTS[name](effort, Path(folder)))):
            print(outcome.line(), flush=True)
            yield outcome


def _timed(part: Iterator[Outcome]) -> Iterator[Outcome]:
    began = time.monotonic()
    for outcome in part:
        outcome.seconds = round(time.monotonic() - began, 1)
        yield outcome
        began = time.monotonic()


def _until_it_fails(name: str, part: Iterator[Outcome]) -> Iterator[Outcome]:
    """What a part that breaks off came to: the others are tried all the same."""
    try:
        yield from part
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
        broken = Outcome(name, "the rest of this part")
        broken.fault(f"broke off: {type(error).__name__}: {error}")
        yield broken


def about(minutes: float) -> str:
    """When and where."""
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    command = f"python -m benchmarks.attack --minutes {minutes:g}"
    return (
        f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}, {machine}; `{command}`.\n"
        "Every accepted run is waited for, its plan goes through `verify`, its events and the messages of its end are "
        "counted.\nWhat was lost, doubled or wrong (an answer or an effect that must not be) must be nothing."
    )


def main() -> int:
    """Attack, print what comes of it, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=WHOLE_MIN)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--to", type=Path, help="another folder that gets the results")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    effort = Effort(given.minutes)
    found = [outcome for name in given.only for outcome in outcomes(name, effort)]
    for folder in filter(None, (given.out, given.to)):
        print("kept:", *keep(folder, found, about(given.minutes)))
    print(*(f"{name} {number:,}" for name, number in sum_of(found).items()), sep=", ")
    return int(not all(outcome.holds for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
