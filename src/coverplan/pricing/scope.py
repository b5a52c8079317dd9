"""What an upper bound holds for, kept in its type: every plan, the listed pairs, or what a cut program still holds.

Three programs are solved in a run: over all admissible pairs, over those that are listed, and over the columns that a
better plan could use. A bound of a smaller one says nothing of the larger one, unless what was left out is known to be
worth less. So a number becomes a bound on more only through `Cut.of_all`, which adds what was left out, and through
`Incumbent.over_listed`, which asks whether pairs were left out at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np

OverAll = NewType("OverAll", float)
"""No plan over all admissible pairs is worth more; infinite: nothing is known."""
OverListed = NewType("OverListed", float)
"""No plan over the listed pairs is worth more; infinite: nothing is known."""

UNKNOWN = OverAll(np.inf)
UNKNOWN_OF_LISTED = OverListed(np.inf)


@dataclass(frozen=True)
class Cut:
    """How columns were left out: by their reduced costs at prices y, against a plan at hand.

    A plan that uses a column of reduced cost d is worth at most L(y) - d, where L(y) is the bound at *the prices of
    these reduced costs*. A lower bound that was proven otherwise says nothing of d: cut by it, columns of better plans
    would be left out.
    """

    threshold: float
    """Columns of at most this reduced cost are kept; infinite: all are."""
    outside: float
    """No plan that uses a column left out is worth more: the worth of the plan at hand, -inf where nothing is."""

    @classmethod
    def against(cls, bound: float, objective: float | None) -> Cut:
        """Leave out what no plan of more than this worth uses; `bound` is L(y), over the units' own maxima."""
        if objective is None or not np.isfinite(bound):
            return cls(np.inf, -np.inf)
        return cls(max(0.0, bound - objective), objective)

    def of_all(self, inside: float) -> OverListed:
        """What a bound on the plans that the cut program holds says of all plans over the listed pairs."""
        return OverListed(max(inside, self.outside))
