"""What a solve leaves in its checkpoint folder, so that its best plan outlives the process."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coverplan.domain.instance import Ints
from coverplan.mip.program import gap
from coverplan.payload.plan import Progress
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.pricing.bound import Prices
from coverplan.runs import outcome as runs


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The best plan of a solve, what is proven of it, and how it came about."""

    reps: Ints
    """Rep of each seat, -1: uncovered."""
    dual_bound: float
    """Infinite: none is known."""
    certificate: runs.Certificate | None
    trace: tuple[runs.Progress, ...]

    @classmethod
    def read(cls, folder: Path) -> Checkpoint:
        """What was kept in the folder.

        Raises:
            FileNotFoundError: nothing was.
        """
        with np.load(folder / CHECKPOINT_FILE) as saved:
            reps, bound = saved["reps"].astype(np.int32), float(saved["dual_bound"])
            proven, source, scope = float(saved["certificate_bound"]), str(saved["source"]), str(saved["scope"])
            prices = Prices(saved["upper"], saved["lower"])
            steps = [Progress.model_validate_json(line) for line in saved["progress"].tolist()]
        trace = tuple(runs.Progress(step.t, step.objective_value, step.dual_bound, step.phase) for step in steps)
        certificate = runs.Certificate(proven, prices, source, scope) if np.isfinite(proven) else None
        return cls(reps, bound, certificate, trace)


def keeper(folder: Path) -> runs.Checkpoint:
    """Keeps the best plan in the folder; the file is replaced whole, so that a kill never tears it."""

    def keep(reps: Ints, bound: float | None, found: runs.Certificate | None, trace: Sequence[runs.Progress]) -> None:
        nothing = np.empty(0)
        arrays = {
            "reps": reps,
            "dual_bound": np.asarray(np.inf if bound is None else bound),
            "certificate_bound": np.asarray(np.inf if found is None else found.bound),
            "source": np.asarray("" if found is None else found.source),
            "scope": np.asarray("" if found is None else found.scope),
            "upper": nothing if found is None else found.prices.upper,
            "lower": nothing if found is None else found.prices.lower,
            "progress": np.asarray([progress_of(step).model_dump_json() for step in trace], np.str_),
        }
        partial = folder / f"{CHECKPOINT_FILE}.partial"
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **arrays)
        partial.write_bytes(packed.getbuffer())
        partial.replace(folder / CHECKPOINT_FILE)

    return keep


def progress_of(step: runs.Progress) -> Progress:
    """A step as the document that callers see."""
    relative, _ = gap(step.objective_value, step.dual_bound)
    return Progress(
        t=step.t, objective_value=step.objective_value, dual_bound=step.dual_bound, gap=relative, phase=step.phase
    )
