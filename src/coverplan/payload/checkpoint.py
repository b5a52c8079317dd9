"""What a solve leaves in its checkpoint folder, so that what it knows outlives the process.

A line of JSON, then columns as they are in memory: it is written often, also by solves that take a few milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coverplan.domain.instance import Ints
from coverplan.mip.program import gap
from coverplan.payload.plan import Progress
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.pricing.bound import Prices
from coverplan.pricing.scope import OverAll
from coverplan.room import passes
from coverplan.runs import outcome as runs


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The best plan of a solve, what is proven of it, and how it came about."""

    reps: Ints | None
    """Rep of each seat, -1: uncovered; None: no plan was found yet."""
    dual_bound: OverAll
    """Infinite: none is known."""
    certificate: runs.Certificate | None
    trace: tuple[runs.Progress, ...]
    impossible: bool = False
    """It is proven that no plan keeps the hard rules."""

    @classmethod
    def read(cls, folder: Path) -> Checkpoint:
        """What was kept in the folder.

        Raises:
            FileNotFoundError: nothing was.
        """
        head, _, columns = (folder / CHECKPOINT_FILE).read_bytes().partition(b"\n")
        said = json.loads(head)
        seats, rows, found = said["seats"], said["rows"], said["certificate"]
        reps = np.frombuffer(columns, np.int32, seats).copy()
        prices = np.frombuffer(columns, np.float64, 2 * rows, offset=_aligned(reps.nbytes)).reshape(2, rows).copy()
        certificate = None if found is None else runs.Certificate(found[0], Prices(*prices), found[1], found[2])
        # A bound over listed pairs is none on all plans; one release kept it as if it were.
        known = certificate is None or certificate.of_all
        bound = OverAll(said["dual_bound"] if known else np.inf)
        trace, impossible = tuple(runs.Progress(*step) for step in said["trace"]), said.get("impossible", False)
        return cls(reps if said.get("plan", True) else None, bound, certificate, trace, impossible)


def keeper(folder: Path) -> runs.Checkpoint:
    """Keeps what is known in the folder; the file is replaced whole, so that a kill never tears it.

    Where a disk is full nothing is kept until it has room.
    """

    def keep(
        plan: Ints | None,
        bound: float | None,
        found: runs.Certificate | None,
        trace: Sequence[runs.Progress],
        impossible: bool,
    ) -> None:
        reps = np.empty(0, np.int32) if plan is None else plan
        head = {
            "plan": plan is not None,
            "impossible": impossible,
            "seats": len(reps),
            "rows": 0 if found is None else len(found.prices.upper),
            "dual_bound": np.inf if bound is None else bound,
            "certificate": None if found is None else (found.bound, found.source, found.scope),
            "trace": [(step.t, step.objective_value, step.dual_bound, step.phase) for step in trace],
        }
        seats = reps.astype(np.int32).tobytes()
        prices = [] if found is None else [found.prices.upper, found.prices.lower]
        columns = [
            seats.ljust(_aligned(len(seats)), b"\0"),
            *(np.asarray(side, np.float64).tobytes() for side in prices),
        ]
        partial = folder / f"{CHECKPOINT_FILE}.partial"
        try:
            partial.write_bytes(b"".join([json.dumps(head).encode(), b"\n", *columns]))
        except OSError as error:
            if not passes(error):
                raise
            partial.unlink(missing_ok=True)  # the one before stays, and the solve goes on
            return
        partial.replace(folder / CHECKPOINT_FILE)

    return keep


def progress_of(step: runs.Progress) -> Progress:
    """A step as the document that callers see."""
    relative, _ = gap(step.objective_value, step.dual_bound)
    return Progress(
        t=step.t, objective_value=step.objective_value, dual_bound=step.dual_bound, gap=relative, phase=step.phase
    )


def _aligned(size: int) -> int:
    """The next multiple of eight bytes."""
    return -(-size // 8) * 8
