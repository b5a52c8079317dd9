"""Which rows of a plan document are missed: for reports, summaries and metrics alike."""

from __future__ import annotations

import numpy as np

from coverplan.mip.feasibility import tolerance
from coverplan.payload.plan import ConstraintRow


def is_missed(row: ConstraintRow) -> bool:
    """Whether a row misses its bound by more than a plan is forgiven.

    What the row adds up to, signs aside, is at least its bound. A bound of 0 says nothing of that: the differences that
    are held to it may be those of millions.
    """
    above = row.upper is not None and row.activity > row.upper
    bound = abs((row.upper if above else row.lower) or 0.0)
    return row.violation > float(tolerance(np.array(bound), max(abs(row.activity), bound) if bound else 1.0))
