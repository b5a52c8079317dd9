"""The cells of an experiment: a pure function of its request and of what ended cells came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coverplan.payload.experiments.cells import Cell, CellFacts, NamedPolicy
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.state import ExperimentEstimate


def wanted(request: ExperimentRequest, policies: Sequence[NamedPolicy], facts: Mapping[str, CellFacts]) -> list[Cell]:
    """All cells that are wanted so far, those known already included, each key once.

    Cells whose key has no facts are to be solved. Facts are of cells that have ended. Once every wanted cell has
    facts, the experiment is complete.
    """
    raise NotImplementedError


def estimate(request: ExperimentRequest, policies: Sequence[NamedPolicy], at_once: int = 1) -> ExperimentEstimate:
    """What the experiment comes to where so many solves run at once."""
    raise NotImplementedError
