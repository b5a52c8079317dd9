"""Which method and backend solve a problem when the caller leaves it open, and why."""

from __future__ import annotations

from coverplan.formulation.build import Formulation
from coverplan.pricing.knapsack import Knapsacks
from coverplan.runs.run import Request
from coverplan.runs.wholeness import is_transport, worth_relaxing

DEFAULT = "highs"
PRICED_FROM = 2_500
"""Columns from which branch and bound on the whole program finds plans later than pricing and neighbourhoods do."""

DENSE_FROM, DENSE_UP_TO = 400, 100_000
"""Columns between which whole knapsacks close gaps sooner, where capacities are all that couples units."""


def knapsacks_of(request: Request, formulation: Formulation) -> Knapsacks | None:
    """The knapsacks of a program that they suit, None for any other and wherever the caller chose the way to solve."""
    chosen = request.method != "auto" or request.backend != "auto" or formulation.pairs.best_net is not None
    if chosen or request.limits.deterministic or request.limits.work_limit is not None:
        return None
    if not DENSE_FROM <= formulation.pairs.n_columns <= DENSE_UP_TO or is_transport(formulation):
        return None
    return Knapsacks.of(formulation)


def size(formulation: Formulation) -> str:
    """Seats, pairs and rows in words."""
    pairs = formulation.pairs
    return f"{len(pairs.book.seats):,} seats, {len(pairs.seat):,} pairs, {formulation.n_rows:,} rows"


def method_of(request: Request, formulation: Formulation) -> tuple[str, str]:
    """`exact` or `priced`, and the reason in words."""
    linking = sorted({rule.kind for rule, block in formulation.linked if block.joined is None})
    if linking:
        return (
            "exact",
            f"{size(formulation)}: {', '.join(linking)} ties seats together, which only the exact method can",
        )
    if request.limits.deterministic or request.limits.work_limit is not None:
        return "exact", f"{size(formulation)}: neighbourhoods race the clock, so a limit on work means one program"
    if request.method != "auto":
        return request.method, f"asked for; {size(formulation)}"
    if request.backend != "auto":
        return "exact", f"{size(formulation)}: {request.backend} was asked for"
    return _method_for(formulation)


def _method_for(formulation: Formulation) -> tuple[str, str]:
    """What the size and the structure suggest, where nobody asks for anything."""
    if formulation.pairs.n_columns < PRICED_FROM:
        return "exact", f"{size(formulation)}: small enough for one program"
    if formulation.pairs.best_net is None and is_transport(formulation) and worth_relaxing(formulation):
        return "exact", f"{size(formulation)}: a transport problem, whose linear relaxation is a plan"
    return "priced", f"{size(formulation)}: large enough for prices to pay"


def backend_of(asked: str) -> str:
    """Name of the backend."""
    return DEFAULT if asked == "auto" else asked
