"""What a plan is shown with: names and a currency, which the plan itself does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from coverplan.payload.problem import Problem


@dataclass(frozen=True, eq=False)
class Labels:
    """Names by id, and the currency of amounts.

    They are no part of a plan: all labels are equal, so that plans which differ in nothing else are.
    """

    currency: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict)
    reps: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Those of a problem."""
        return cls(
            problem.currency,
            {account.id: account.name for account in problem.accounts if account.name},
            {rep.id: rep.name for rep in problem.reps if rep.name},
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels)

    def __hash__(self) -> int:
        return hash(Labels)
