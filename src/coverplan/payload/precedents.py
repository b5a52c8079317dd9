"""What the plan documents of other runs offer to a solve: their prices, and their seats where they list them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from coverplan.payload.base import Document
from coverplan.payload.plan import Assignment, Certificate
from coverplan.runs.precedent import RowPrices


class OfferedPlan(Document):
    """The part of a plan document that another solve can begin with."""

    model_config = ConfigDict(extra="ignore")

    assignments: list[Assignment] = Field(default_factory=list)
    certificate: Certificate | None = None
    reproducible: bool | None = None

    @property
    def prices(self) -> RowPrices:
        """The prices of its certificate."""
        return row_prices(self.certificate)


def row_prices(found: Certificate | None) -> RowPrices:
    """The prices of a plan's certificate."""
    prices = [] if found is None else found.prices
    return {(price.constraint, price.scope): (price.upper, price.lower) for price in prices}
