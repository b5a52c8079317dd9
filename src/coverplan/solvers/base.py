"""The protocol that every backend keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from coverplan.mip.program import Floats, Limits, Listener, Program, Result


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do; the contract test takes its cases from here."""

    hints: bool
    """A start point is used."""
    streams_points: bool
    """Better points reach the listener while it runs."""
    streams_bounds: bool
    deterministic: bool
    """The same input and `work_limit` give the same answer."""
    proves_infeasibility: bool
    exact_data: bool
    """Its bound holds for the coefficients as given, without scaling to integers."""


class Backend(Protocol):
    """A solver of mixed-integer programs."""

    name: str
    capabilities: Capabilities

    def solve(
        self, program: Program, limits: Limits, start: Floats | None = None, listen: Listener | None = None
    ) -> Result:
        """Solve within the limits; never raises for infeasible or unsolved programs."""
        ...
