"""The incumbent of a run: its best plan and bound so far, told to whoever listens."""

from __future__ import annotations

import time

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.formulation.program import Choice, to_choice
from coverplan.mip.program import Step, not_refuted
from coverplan.pricing.bound import Prices, upper_bound
from coverplan.pricing.scope import UNKNOWN, UNKNOWN_OF_LISTED, OverAll, OverListed
from coverplan.runs.outcome import Certificate, Checkpoint, Progress, Report


class Incumbent:
    """Takes points and bounds from any phase; keeps the best plan that the ledger calls exact."""

    def __init__(
        self, formulation: Formulation, report: Report | None, checkpoint: Checkpoint | None, began: float
    ) -> None:
        self.formulation = formulation
        self.choice: Choice | None = None
        self.account: Ledger | None = None
        self.dual_bound = UNKNOWN
        self.listed_bound = UNKNOWN_OF_LISTED
        """Where pairs were left out: of the plans without them."""
        self.certificate: Certificate | None = None
        self.impossible = False
        """It is proven that no plan keeps the hard rules."""
        self.trace: list[Progress] = []
        self.phase = "build"
        self._report = report
        self._checkpoint = checkpoint
        self.began = began

    @property
    def objective(self) -> float | None:
        return None if self.account is None else self.account.objective

    @property
    def reach(self) -> float:
        """The most that the search can hope for, over all pairs or, where no more is known, over the listed ones."""
        return self.dual_bound if np.isfinite(self.dual_bound) else self.listed_bound

    def rebase(self, formulation: Formulation, choice: Choice | None) -> None:
        """Go on with a wider program, in which the plan so far is this choice; what held for the narrow one is gone."""
        self.formulation, self.choice = formulation, choice
        self.account = None if choice is None else ledger(formulation, choice)
        self.listed_bound = UNKNOWN_OF_LISTED
        if self.certificate is not None and not self.certificate.of_all:
            self.certificate = None

    def enter(self, phase: str) -> None:
        """A new phase begins."""
        self.phase = phase
        self._tell()

    def offer(self, choice: Choice) -> bool:
        """Take a plan; True if it is feasible without using tolerances up: no bound holds for what those add."""
        account = ledger(self.formulation, choice)
        if not account.exact or not self._open(choice):
            return False
        if self.account is None or account.objective > self.account.objective:
            self.choice, self.account, self.impossible = choice, account, False
            self.dual_bound = self._not_refuted(self.dual_bound)
            self.listed_bound = OverListed(not_refuted(self.listed_bound, account.objective, self.formulation.size))
            self.keep()
            self._tell()
        return True

    def concede(self, choice: Choice) -> bool:
        """Take a plan that needs the tolerances of hard rows, where there is none without; True if it keeps those.

        Prices of rows prove nothing of it, and no solver heard of it: its bound is what every unit can bring at best.
        """
        account, none = ledger(self.formulation, choice), np.zeros(self.formulation.n_rows)
        if not account.feasible or not self._open(choice):
            return False
        self.choice, self.account, self.impossible = choice, account, False
        self.certificate, self.dual_bound, self.listed_bound = None, UNKNOWN, UNKNOWN_OF_LISTED
        scope = "all_admissible" if self.formulation.pairs.best_net is None else "listed"
        free = Prices(none, none)
        self.certify(Certificate(upper_bound(self.formulation, free), free, "lagrangian", scope))
        self.keep()
        return True

    def _open(self, choice: Choice) -> bool:
        """Whether locks and fixed seats admit the choice: no row says it, and a plan from outside may break it."""
        covered = choice >= 0
        taken, idle = self.formulation.open_column[choice[covered]], self.formulation.may_idle[~covered]
        return bool(taken.all() and idle.all())

    def rule_out(self) -> None:
        """Take the proof that there is no plan, unless one is at hand, which refutes it."""
        if self.account is None and not self.impossible:
            self.impossible = True
            self.keep()
            self._tell()

    def bounded(self, dual_bound: OverAll) -> None:
        """Take an upper bound on all plans."""
        dual_bound = self._not_refuted(dual_bound)
        if dual_bound < self.dual_bound:
            self.dual_bound = dual_bound
            self.keep()
            self._tell()

    def over_listed(self, bound: OverListed) -> None:
        """Take an upper bound on the plans over the listed pairs; where they are all pairs, it holds for all plans."""
        if self.formulation.pairs.best_net is None:
            self.bounded(OverAll(bound))
        else:
            known = bound if self.objective is None else not_refuted(bound, self.objective, self.formulation.size)
            self.listed_bound = OverListed(min(known, self.listed_bound))

    def _not_refuted(self, dual_bound: OverAll) -> OverAll:
        """The bound; where the plan refutes it, that of the certificate, unless it refutes that one too."""
        if self.objective is None:
            return dual_bound
        left = not_refuted(dual_bound, self.objective, self.formulation.size)
        if np.isinf(left) and self.certificate is not None and self.certificate.of_all:
            left = not_refuted(self.certificate.bound, self.objective, self.formulation.size)
        return OverAll(left)

    def certify(self, certificate: Certificate) -> None:
        """Take prices and the bound they prove, unless better ones are at hand; one over all pairs is always better."""
        best = self.certificate
        if best is None or (certificate.of_all, -certificate.bound) >= (best.of_all, -best.bound):
            self.certificate = certificate
        if certificate.of_all:
            self.bounded(OverAll(certificate.bound))
        else:
            self.over_listed(OverListed(certificate.bound))

    def hear(self, step: Step) -> None:
        """Listen to a backend that solves the program of all listed pairs."""
        self.hear_points(step)
        if step.dual_bound is not None:
            self.over_listed(OverListed(step.dual_bound))

    def hear_points(self, step: Step) -> None:
        """Listen to a backend that solves a part of the program: its bounds do not hold for the whole."""
        if step.x is not None:
            self.offer(to_choice(self.formulation, step.x))

    def keep(self) -> None:
        """Hand all that is known to whoever keeps it."""
        if self._checkpoint is not None:
            reps = None if self.account is None else self.account.rep_of_seat
            self._checkpoint(reps, self._bound, self.certificate, self.trace, self.impossible)

    @property
    def _bound(self) -> float | None:
        """The dual bound; None without one, and where there is no plan that it could bound."""
        return self.dual_bound if np.isfinite(self.dual_bound) and not self.impossible else None

    def _tell(self) -> None:
        step = Progress(time.monotonic() - self.began, self.objective, self._bound, self.phase)
        self.trace.append(step)
        if self._report is not None:
            self._report(step)
