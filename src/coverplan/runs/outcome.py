"""What a run knows at its end, before it becomes a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from coverplan.domain.instance import Ints
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger
from coverplan.formulation.program import Choice
from coverplan.mip.program import Status, StoppedBy
from coverplan.pricing.bound import Prices
from coverplan.pricing.scope import OverAll
from coverplan.runs.towards_today import TowardsToday


@dataclass(frozen=True)
class Progress:
    """Where a run stands after t seconds."""

    t: float
    objective_value: float | None
    dual_bound: float | None
    phase: str


@dataclass(frozen=True, eq=False)
class Certificate:
    """Prices and the upper bound that they prove for all admissible pairs, or for the listed ones only."""

    bound: float
    prices: Prices
    source: str
    scope: str = "all_admissible"

    @property
    def of_all(self) -> bool:
        """Whether the bound holds for all admissible pairs."""
        return self.scope == "all_admissible"


@dataclass(frozen=True, eq=False)
class Proof:
    """What an earlier run of the same request has proven: an upper bound, prices for one, or that there is no plan."""

    dual_bound: OverAll
    certificate: Certificate | None
    impossible: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """The answer of a run: `choice` is None without a plan; `least_violating` is never a plan."""

    formulation: Formulation
    status: Status
    stopped_by: StoppedBy | None
    choice: Choice | None = None
    account: Ledger | None = None
    dual_bound: float | None = None
    bound_source: str | None = None
    certificate: Certificate | None = None
    least_violating: Choice | None = None
    towards_today: TowardsToday | None = None
    """What the last step promises of the plan; None: it was not made."""
    used: str = "exact"
    backend: str | None = None
    why: str = ""
    reproducible: bool | None = None
    notes: tuple[str, ...] = ()
    progress: tuple[Progress, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


Report = Callable[[Progress], None]
Checkpoint = Callable[[Ints | None, float | None, Certificate | None, Sequence[Progress], bool], None]
"""Takes the rep of each seat (None: no plan yet), the dual bound, the certificate, the trace, and whether it is proven
that there is no plan; whenever one of them improves."""
