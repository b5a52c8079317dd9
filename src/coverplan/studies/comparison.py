"""Comparison: paired differences with bootstrap intervals, and who is better by the reference objective.

Interval of the mean difference: Efron, "Better Bootstrap Confidence Intervals", JASA 1987 (BCa), by scipy.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from coverplan.domain.instance import Bools, Floats

LEAST_PAIRS = 3
"""Fewer say nothing about the spread."""
RESAMPLES = 2000
BCA_UP_TO = 200
"""Pairs up to which the interval is corrected for bias and skewness, which leaves out each one in turn."""
ROWS_AT_ONCE = 64
SEED = 0

Outcome = Literal["a", "b", "inconclusive"]


@dataclass(frozen=True)
class Interval:
    """Mean of paired differences and its 95 % confidence interval; NaN: fewer than three pairs."""

    difference: float
    low: float
    high: float
    pairs: int


def paired(differences: Floats) -> list[Interval | None]:
    """Interval of each row of differences, (rows, pairs), NaN where a pair lacks a value; None: no pair has one."""
    known = ~np.isnan(differences)
    found: list[Interval | None] = [None] * len(differences)
    patterns, group = np.unique(known, axis=0, return_inverse=True)
    for code, pattern in enumerate(patterns):
        rows = np.flatnonzero(group.reshape(-1) == code)
        size = int(pattern.sum())
        if size == 0:
            continue
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            values = differences[np.ix_(part, np.flatnonzero(pattern))]
            lows, highs = _ends(values)
            for row, mean, low, high in zip(part.tolist(), values.mean(axis=1), lows, highs, strict=True):
                found[row] = Interval(float(mean), float(low), float(high), size)
    return found


def _ends(values: Floats) -> tuple[Floats, Floats]:
    """Lower and upper ends for rows of values."""
    from scipy import stats  # noqa: PLC0415 - takes a moment to import, and only a comparison needs it

    size = values.shape[1]
    if size < LEAST_PAIRS:
        nothing = np.full(len(values), np.nan)
        return nothing, nothing
    varies = np.ptp(values, axis=1) > 0
    lows, highs = values.mean(axis=1), values.mean(axis=1)
    for method in ("BCa", "percentile"):
        wanting = varies if method == ("BCa" if size <= BCA_UP_TO else "percentile") else varies & np.isnan(lows)
        if not wanting.any():
            continue
        with warnings.catch_warnings(action="ignore"):
            found = stats.bootstrap(
                (values[wanting],),
                np.mean,
                n_resamples=RESAMPLES,
                batch=100,
                vectorized=True,
                axis=-1,
                method=method,
                rng=np.random.default_rng(SEED),
            ).confidence_interval
        lows[wanting], highs[wanting] = found.low, found.high
    return lows, highs


def better(low: Floats, high: Floats) -> Bools:
    """Whether policy a's plans beat everything that policy b admits, (policies, policies).

    `low` is what each policy's plans are worth by the reference, `high` what no plan that keeps its hard rules
    exceeds, (policies,): -inf without a plan, +inf without a bound.
    """
    above: Bools = low[:, None] > high[None, :] + rounding(np.maximum(np.abs(low)[:, None], np.abs(high)[None, :]))
    return above & np.isfinite(low)[:, None]


def rounding(size: Floats) -> Floats:
    """What sums of floats of this size may differ by."""
    return np.where(np.isfinite(size), 1e-6 + 1e-9 * size, 0.0)


def winner(beats: Bools, same: list[int | None]) -> int | None:
    """The policy that beats each other one; `same[p]` is an earlier policy of the same content, or None."""
    distinct = [place for place, earlier in enumerate(same) if earlier is None]
    for place in distinct:
        if all(beats[place, other] for other in distinct if other != place):
            return place
    return None
