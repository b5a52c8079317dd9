"""From rows to the numbers of the tables: references, paired ratios, medians."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contender import OWN
from benchmarks.phases import Measure, Reference
from benchmarks.rows import Row


def references(rows: Iterable[Row]) -> dict[str, Reference]:
    """Per instance: the best plan (the literature's included) and the least bound."""
    found: dict[str, Reference] = {}
    for row in rows:
        known = found.get(row.instance, Reference(None, None))
        best = [value for value in (known.best, row.objective, row.best_known) if value is not None]
        bound = [value for value in (known.bound, row.bound) if value is not None]
        found[row.instance] = Reference(max(best, default=None), min(bound, default=None))
    return found


@dataclass(frozen=True)
class Ratio:
    """How a peer compares with Coverplan over the runs that both made."""

    peer: str
    runs: int
    worse: int
    """Runs in which the peer's number is greater by more than rounding, or absent where Coverplan has one."""
    better: int
    ratio: float | None
    """Shifted geometric mean of peer over Coverplan, where both have a number."""


def ratios(rows: Sequence[Row], measure: Measure) -> list[Ratio]:
    """Each peer against Coverplan, paired by instance and repetition."""
    known = references(rows)
    own = {(row.instance, row.repetition, row.limit_s): row for row in rows if row.contender == OWN}
    found = []
    for peer in dict.fromkeys(row.contender for row in rows if row.contender != OWN):
        pairs = []
        for row in rows:
            partner = own.get((row.instance, row.repetition, row.limit_s))
            if row.contender == peer and partner is not None and row.status not in {"not expressible", "not available"}:
                reference = known[row.instance]
                pairs.append((measure.of(partner, reference), measure.of(row, reference)))
        if pairs:
            found.append(_ratio(peer, pairs, measure.shift))
    return found


def _ratio(peer: str, pairs: Sequence[tuple[float | None, float | None]], shift: float) -> Ratio:
    both = np.array([(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None])
    worse = sum(ours is not None and theirs is None for ours, theirs in pairs)
    better = sum(ours is None and theirs is not None for ours, theirs in pairs)
    mean = None
    if len(both):
        apart = both[:, 1] - both[:, 0]
        same = np.abs(apart) <= 1e-9 * np.maximum(1.0, np.abs(both).max(axis=1))
        worse += int((~same & (apart > 0)).sum())
        better += int((~same & (apart < 0)).sum())
        mean = float(np.exp(np.log((both[:, 1] + shift) / (both[:, 0] + shift)).mean()))
    return Ratio(peer, len(pairs), worse, better, mean)
