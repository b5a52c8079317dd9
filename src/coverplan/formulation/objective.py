"""The objective's money: what each pair brings and each uncovered seat still earns, term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats


@dataclass(frozen=True)
class Weights:
    """Weights of the terms; `travel_cost_per_km` is money per km."""

    expected_revenue: float = 1.0
    relationship_loss: float = 1.0
    travel_cost_per_km: float = 0.0

    def of_pairs(self, pairs: Candidates) -> Floats:
        """Weighted objective of each pair, in money."""
        worth = self.expected_revenue * pairs.value - self.relationship_loss * pairs.loss
        return worth - self.travel_cost_per_km * pairs.km if self.travel_cost_per_km else worth

    def of_columns(self, pairs: Candidates) -> Floats:
        """Weighted objective of each column: the sum over its pairs."""
        return np.bincount(pairs.column, self.of_pairs(pairs), pairs.n_columns).astype(np.float64)

    def of_idle_units(self, pairs: Candidates) -> Floats:
        """What each unit still earns without a rep."""
        earned = self.expected_revenue * pairs.book.self_serve
        return np.bincount(pairs.unit_of_seat, earned, pairs.n_units).astype(np.float64)

    def terms(self, pairs: Candidates, chosen: Bools, idle: Bools) -> list[tuple[str, float]]:
        """The ledger's terms of a plan: `chosen` per pair, `idle` per seat."""
        revenue = pairs.value[chosen].sum() + pairs.book.self_serve[idle].sum()
        terms = [
            ("expected_revenue", self.expected_revenue * float(revenue)),
            ("relationship_loss", 0.0 - self.relationship_loss * float(pairs.loss[chosen].sum())),
        ]
        if self.travel_cost_per_km:
            terms.append(("travel_cost", 0.0 - self.travel_cost_per_km * float(pairs.km[chosen].sum())))
        return terms
