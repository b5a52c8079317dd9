"""Evaluate: the ledger of given assignments, admissible or not, without solving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools, Ints
from coverplan.formulation.build import build
from coverplan.formulation.ledger import ledger
from coverplan.mip.program import Status
from coverplan.runs.outcome import Outcome
from coverplan.runs.solve import Request, formulate
from coverplan.runs.starts import choice_of


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The outcome of given assignments, and the seats that break what no row says."""

    outcome: Outcome
    foreign: Bools
    """Per seat: its rep is not admissible."""
    unlocked: Bools
    """Per seat: its account is locked to another rep."""


def evaluate(request: Request, rep_of_seat: Ints) -> Evaluation:
    """Account for giving each seat this rep (-1: uncovered)."""
    base = formulate(request, also=rep_of_seat).pairs
    seat = np.flatnonzero(rep_of_seat >= 0)
    pairs = base.with_seat_pairs(seat * request.book.instance.n_reps + rep_of_seat[seat])
    formulation = build(pairs, request.rules, request.weights)
    choice = choice_of(formulation, rep_of_seat)
    assert choice is not None
    account = ledger(formulation, choice)
    foreign = np.zeros(len(rep_of_seat), np.bool_)
    foreign[pairs.seat[account.chosen & ~pairs.admitted]] = True
    seats = request.book.seats
    unlocked = request.book.instance.accounts.locked[seats.account] & pairs.keeps & (seats.current != rep_of_seat)
    kept = account.feasible and not foreign.any() and not unlocked.any()
    outcome = Outcome(
        formulation=formulation,
        status=Status.FEASIBLE if kept else Status.INFEASIBLE,
        stopped_by=None,
        used="evaluated",
        choice=choice,
        account=account,
    )
    return Evaluation(outcome, foreign, unlocked)
