"""What every solve shares: the request, the incumbent, the clock, and the outcome at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeVar

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.eligibility import CandidateRules, joined
from coverplan.domain.instance import Ints
from coverplan.domain.listing import Listing, Listings, keys_of
from coverplan.formulation.build import Formulation, build
from coverplan.formulation.objective import Weights
from coverplan.formulation.program import Choice, to_choice
from coverplan.mip.program import Limits, Result, Status, StoppedBy, close_enough, is_optimal
from coverplan.pricing.bound import Prices, admissible, floor, upper_bound
from coverplan.pricing.dual import Found
from coverplan.runs.demand import MOST_PAIRS, Pass, look_at_all
from coverplan.runs.incumbent import Incumbent
from coverplan.runs.least_violating import least_violating, near_miss
from coverplan.runs.outcome import Certificate, Checkpoint, Outcome, Proof, Report
from coverplan.runs.precedent import Precedent, carried
from coverplan.runs.starts import choice_of, mended
from coverplan.runs.towards_today import AT_ONCE_S, NODES, SHARE, Nearer, reserve, towards_today
from coverplan.runs.wholeness import is_whole
from coverplan.solvers.relaxation import Relaxation

T = TypeVar("T")
CLOSING_S_PER_SEAT, CLOSING_SHARE = 8e-6, 0.5
"""What decoding a plan takes, and the most of the time limit that is kept for it."""
WHOLE_UP_TO, LEAST_S, NEAREST_SHARE = 100_000, 0.05, 0.3
"""Columns up to which the plan that breaks the rules least is searched for, the least time for it, and the share of
the time limit that it is worth; beyond, a near miss is shown."""
WORTH_ANOTHER_LOOK = 1e-6
"""Share of the bound that pairs left out must be able to improve it by."""


@dataclass(frozen=True, eq=False)
class Request:
    """What to solve. `start` is the rep of each seat (-1: uncovered), or None; `precedents` are tried beside it."""

    book: Book
    rules: Sequence[Constraint]
    weights: Weights
    candidates: CandidateRules
    limits: Limits
    method: str = "auto"
    backend: str = "auto"
    start: Ints | None = None
    earlier: Proof | None = None
    precedents: tuple[Precedent, ...] = ()
    nearest_miss_s: float = np.inf
    """Most time that is spent on the plan that breaks the rules least, where none keeps them."""
    listings: Listings | None = None
    """Listings of the book that are there already."""

    @cached_property
    def listing(self) -> Listing:
        """The admissible pairs, families merged."""
        merges = [links for rule in self.rules if (links := rule.merges(self.book)) is not None]
        links = np.concatenate(merges) if merges else None
        listings = self.listings or Listings(self.book)
        return listings.of(self.candidates, links, self.limits.seed)


def formulate(request: Request, also: Ints | None = None) -> Formulation:
    """Merge families, list the pairs and collect the rows.

    `also` is one further rep per seat (-1: none) to be listed where it is admissible: that of a plan that is at hand.
    """
    listed = request.listing.candidates(request.start if also is None else also)
    return build(listed, request.rules, request.weights)


@dataclass(frozen=True, eq=False)
class Setting:
    """Around a run: who listens, who keeps the best plan, since when the clock runs, and why this method."""

    report: Report | None
    checkpoint: Checkpoint | None
    began: float
    why: str


class Run:
    """One solve, phase by phase; the ways to solve derive from it."""

    used = "exact"

    def __init__(self, request: Request, formulation: Formulation, setting: Setting) -> None:
        self.request = request
        self.why = setting.why
        self.formulation = formulation
        self.incumbent = Incumbent(formulation, setting.report, setting.checkpoint, setting.began)
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.reproducible = True
        self.listing = request.listing
        """What the formulation was listed from."""
        self.nearest: Choice | None = None
        """A choice that still breaks hard rules, as few as could be reached."""
        self.hint: Choice | None = None
        if request.start is not None:
            self._take_start(request.start)
        if request.earlier is not None:
            self._recall(request.earlier)
        self.known_prices: Prices | None = None
        """The best of other runs' prices, to begin with."""
        self._follow(request.precedents)
        if formulation.impossible:
            self.incumbent.rule_out()
        if request.earlier is None:
            self.incumbent.keep()

    @property
    def impossible(self) -> bool:
        """Whether it is proven that there is no plan."""
        return self.incumbent.impossible

    def known(self) -> Outcome | None:
        """The outcome, where what is known beforehand settles it: there is no plan, or a good enough one."""
        settled = self._settled()
        return None if settled is None else self.conclude(settled, None)

    def bounded(self) -> Outcome | None:
        """The outcome, where the bound settles it too, or where time was too short for any."""
        settled = self._settled()
        if settled is None and self.incumbent.certificate is None:
            settled = Result(Status.NO_SOLUTION, StoppedBy.TIME_LIMIT)
        return None if settled is None else self.conclude(settled, None)

    def _settled(self) -> Result | None:
        """The result, where there is no plan, or a good enough one."""
        found = self.incumbent
        if found.impossible:
            return Result(Status.INFEASIBLE, StoppedBy.PROOF)
        if close_enough(found.objective, found.reach, self.request.limits, self.formulation.size):
            return Result(Status.FEASIBLE, StoppedBy.GAP)
        return None

    @property
    def truncated(self) -> bool:
        """Whether the program has only a part of the admissible pairs."""
        return self.formulation.pairs.best_net is not None

    def prove(self, found: Found) -> None:
        """Take prices of the Lagrangian dual. A bound below what any plan is worth proves that there is none.

        With pairs left out they prove nothing yet.
        """
        if self.truncated:
            return
        if found.bound < floor(self.formulation):
            self.incumbent.rule_out()
        elif np.isfinite(found.bound):
            self.incumbent.certify(Certificate(found.bound, found.prices, "lagrangian"))

    def priced_in(self, find: Callable[[Prices | None], Prices | None], source: str, seconds: float) -> None:
        """Find prices, look at the pairs left out, list those that would improve the bound, and again.

        Ends with a certificate for all admissible pairs, or for the listed ones where there are too many or too
        little time.
        """
        deadline = time.monotonic() + seconds
        prices = find(self.known_prices)
        while prices is not None:
            seen, best = None, self.incumbent.certificate
            if self.listing.n_admissible <= MOST_PAIRS:
                until = deadline if best is not None else deadline + seconds  # without this look nothing is proven
                seen = self.timed("pairs", partial(look_at_all, self.listing, self.formulation, prices, until))
            if seen is None:
                if best is None:
                    self._certify_listed(prices, source)
                return
            if seen.bound < seen.floor:
                self.incumbent.rule_out()
                return
            if best is None or seen.bound < best.bound:
                self.incumbent.certify(Certificate(seen.bound, prices, source))
            loose = seen.bound - upper_bound(self.formulation, prices)
            if len(seen.keys) == 0 or loose <= WORTH_ANOTHER_LOOK * abs(seen.bound) or time.monotonic() > deadline:
                return
            self._list_also(seen)
            prices = find(prices)

    def _certify_listed(self, prices: Prices, source: str) -> None:
        """Take the bound for the listed pairs, unless they hold no plan."""
        bound, why = upper_bound(self.formulation, prices), "there are too many others, or no time left"
        if bound < floor(self.formulation):
            self.notes.append(f"no plan keeps to the listed pairs, and nothing is proven of others: {why}")
            return
        self.notes.append(f"the bound covers the listed pairs only: {why}")
        self.incumbent.certify(Certificate(bound, prices, source, "listed"))

    def _list_also(self, seen: Pass) -> None:
        """Widen the program by what a pass found; the plan so far stays."""
        pairs, account = self.formulation.pairs, self.incumbent.account
        wider = joined(keys_of(pairs), seen.keys)
        found = Candidates.from_unit_keys(self.request.book, wider, pairs.unit_of_seat, pairs.n_units)
        if found.n_columns < seen.n_columns:  # counted one by one: classes of seats count explicit pairs roughly
            found = replace(found, best_net=pairs.best_net)
        self.formulation = build(found, self.request.rules, self.request.weights)
        choice = None if account is None else choice_of(self.formulation, account.rep_of_seat)
        self.incumbent.rebase(self.formulation, choice)

    def certify(self, relaxed: Relaxation) -> None:
        """Take the prices of the linear relaxation of all pairs, or the proof that there is no plan."""
        if relaxed.status is Status.INFEASIBLE:
            self.incumbent.rule_out()
        if relaxed.row_prices is not None:
            prices = admissible(self.formulation, relaxed.row_prices[: self.formulation.n_rows])
            bound = upper_bound(self.formulation, prices)
            if np.isfinite(bound):
                self.incumbent.certify(Certificate(bound, prices, "lp_relaxation"))

    def take_whole(self, relaxed: Relaxation) -> bool:
        """Take the point of the linear relaxation, where it is a plan."""
        if relaxed.x is None or not is_whole(self.formulation, relaxed):
            return False
        return self.incumbent.offer(to_choice(self.formulation, relaxed.x))

    def remaining(self) -> float:
        """Seconds until the answer has to be put together, which takes a while in a large book."""
        limits = self.request.limits
        kept = self._closing() + reserve(limits, self.formulation)
        return max(0.0, limits.time_limit_s - kept - (time.monotonic() - self.incumbent.began))

    def _closing(self) -> float:
        """Seconds that putting the answer together takes."""
        limit = self.request.limits.time_limit_s
        return min(CLOSING_SHARE * limit, CLOSING_S_PER_SEAT * len(self.request.book.seats))

    def timed(self, name: str, phase: Callable[[], T]) -> T:
        began = time.monotonic()
        self.incumbent.enter(name)
        try:
            return phase()
        finally:
            self.seconds[name] = time.monotonic() - began

    def _take_start(self, start: Ints) -> None:
        choice = choice_of(self.formulation, start)
        if choice is None or not self.incumbent.offer(choice):
            self.notes.append("the start plan breaks a hard rule under this policy: it was used as a hint only")
            self.hint = mended(self.formulation, start)
            self.incumbent.offer(self.hint)

    def _recall(self, earlier: Proof) -> None:
        """Begin with what is proven already; prices count where the program has the same rows as then.

        What they prove is counted anew where it can be: the listed pairs may be others now.
        """
        self.reproducible = False  # how far a lost solve had come is chance
        found = earlier.certificate
        if found is not None and len(found.prices.upper) == self.formulation.n_rows:
            if not (self.truncated and found.of_all):
                scope = "listed" if self.truncated else "all_admissible"
                found = replace(found, bound=upper_bound(self.formulation, found.prices), scope=scope)
            if np.isfinite(found.bound):
                self.incumbent.certify(found)
        self.incumbent.bounded(earlier.dual_bound)
        if earlier.impossible:
            self.incumbent.rule_out()

    def _follow(self, precedents: Sequence[Precedent]) -> None:
        """Begin with the best plan and the best prices of other runs of this book."""
        least = np.inf
        self.reproducible &= all(found.reproducible for found in precedents)
        for found in precedents:
            prices = carried(self.formulation, found.prices)
            bound = np.inf if prices is None else upper_bound(self.formulation, prices)
            if prices is not None and np.isfinite(bound) and bound < least:
                least, self.known_prices = bound, prices
            choice = None if found.rep_of_seat is None else choice_of(self.formulation, found.rep_of_seat)
            if choice is not None:
                self.incumbent.offer(choice)
        if self.known_prices is not None:
            self.prove(Found(self.known_prices, least))
        plans = [found.rep_of_seat for found in precedents if found.rep_of_seat is not None]
        if plans and self.hint is None and self.incumbent.choice is None:
            self.hint = mended(self.formulation, plans[0])

    def conclude(self, result: Result, backend: str | None) -> Outcome:
        """The outcome: what the incumbent holds, judged by its own recount."""
        found, nearest = self.incumbent, None
        if result.status is Status.INFEASIBLE:
            found.rule_out()  # before anything else is looked for: what is proven outlives this process
        if found.account is None:
            nearest = self.timed("least violating", self._nearest)
            if found.offer(nearest):
                self.notes.append("the plan was found while looking for the one that breaks the rules least")
                result = self._refuted(result)
            elif found.concede(nearest):
                self.notes.append(
                    "no plan keeps the hard rules to the last digit: this one does within their tolerances"
                )
                result = Result(Status.FEASIBLE, StoppedBy.GAP, reproducible=result.reproducible, notes=result.notes)
        nearer = None if found.account is None else self.timed("closest to today", self._nearer)
        choice, account = (None, None) if nearer is None else (nearer.choice, nearer.account)
        status, stopped_by = result.status, result.stopped_by
        if account is not None:
            proven = is_optimal(account.objective, found.dual_bound, self.formulation.size)
            status = Status.OPTIMAL if proven else Status.FEASIBLE
            stopped_by = StoppedBy.PROOF if proven else self._not_proven(stopped_by)
        elif status is not Status.INFEASIBLE:
            status = Status.NO_SOLUTION
        found.enter("done")
        return Outcome(
            formulation=self.formulation,
            status=status,
            stopped_by=stopped_by,
            choice=choice,
            account=account,
            least_violating=nearest if account is None else None,
            towards_today=None if nearer is None else nearer.told,
            dual_bound=found.dual_bound if np.isfinite(found.dual_bound) and status is not Status.INFEASIBLE else None,
            bound_source=self._bound_source(),
            certificate=None if status is Status.INFEASIBLE else found.certificate,
            used=self.used,
            backend=backend,
            why=self.why,
            reproducible=self.reproducible and result.reproducible if self.request.limits.deterministic else None,
            notes=(*self.notes, *result.notes),
            progress=tuple(found.trace),
            seconds=self.seconds,
        )

    def _refuted(self, result: Result) -> Result:
        """A result without a plan, once there is one all the same."""
        if result.status is not Status.INFEASIBLE:
            return replace(result, status=Status.FEASIBLE)
        self.notes.append("the solver called the program infeasible, which the plan refutes")
        return replace(result, status=Status.FEASIBLE, stopped_by=StoppedBy.SOLVER_LOST)

    def _not_proven(self, stopped_by: StoppedBy) -> StoppedBy:
        """Why the search ended, where what a backend proved holds for fewer plans or up to a gap only."""
        if stopped_by not in {StoppedBy.PROOF, StoppedBy.GAP} or not self.truncated:
            return stopped_by
        near = close_enough(
            self.incumbent.objective, self.incumbent.dual_bound, self.request.limits, self.formulation.size
        )
        return StoppedBy.GAP if near else StoppedBy.LISTED_PAIRS

    def _nearest(self) -> Choice:
        """The plan that breaks the rules least, or comes near that: searched for as far as size and time allow."""
        found = self.incumbent.certificate
        choice = self.nearest
        if choice is None:
            choice = near_miss(self.formulation, None if found is None or self.impossible else found.prices)
        seconds = min(self.remaining(), self.request.nearest_miss_s, NEAREST_SHARE * self.request.limits.time_limit_s)
        if seconds < LEAST_S or self.formulation.pairs.n_columns > WHOLE_UP_TO:
            return choice
        return least_violating(self.formulation, choice, replace(self.request.limits, time_limit_s=seconds))

    def _nearer(self) -> Nearer:
        """The last step, within a share of the time that the solve took."""
        found, limits = self.incumbent, self.request.limits
        assert found.choice is not None
        assert found.account is not None
        took = time.monotonic() - found.began
        left = max(0.0, limits.time_limit_s - self._closing() - took)
        seconds = left if limits.deterministic else min(left, max(AT_ONCE_S, SHARE * took))
        prices = None if found.certificate is None else found.certificate.prices
        few = replace(
            limits,
            time_limit_s=seconds,
            relative_gap=0.0,
            absolute_gap=0.5,
            work_limit=NODES if limits.deterministic else None,
        )
        nearer = towards_today(self.formulation, found.choice, found.account, found.dual_bound, prices, few, left)
        self.reproducible &= not nearer.clocked
        return nearer

    def _bound_source(self) -> str | None:
        found, bound = self.incumbent.certificate, self.incumbent.dual_bound
        if not np.isfinite(bound):
            return None
        return "prices" if found is not None and found.of_all and found.bound <= bound else "branch_and_bound"
