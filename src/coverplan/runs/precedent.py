"""What runs of like requests found, carried over: their plans, and the prices of the rows that have the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from coverplan.domain.instance import Ints
from coverplan.formulation.build import Formulation
from coverplan.pricing.bound import Prices

RowPrices = Mapping[tuple[str, str], tuple[float, float]]
"""By constraint id and scope: the prices of the upper and of the lower bound."""


@dataclass(frozen=True, eq=False)
class Precedent:
    """The plan of another run of the same book, whatever its policy, and the prices that proved its bound."""

    rep_of_seat: Ints | None = None
    """-1: uncovered; None: no plan, or one that is given as the start."""
    prices: RowPrices = field(default_factory=dict)
    reproducible: bool = True
    """Whether the same request would find them again."""


def carried(formulation: Formulation, prices: RowPrices) -> Prices | None:
    """The prices that the program admits of those of another; None where no row has one.

    Whatever they are, the bound that they prove holds.
    """
    found = np.array([prices.get(key, (0.0, 0.0)) for key in formulation.row_keys()]).reshape(-1, 2)
    if not found.any():
        return None
    upper = np.where(np.isfinite(formulation.upper), np.clip(found[:, 0], 0.0, formulation.penalty), 0.0)
    lower = np.where(np.isfinite(formulation.lower), np.clip(found[:, 1], 0.0, formulation.penalty), 0.0)
    return Prices(upper, lower)
