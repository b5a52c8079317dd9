"""Today's assignment under the rules of a plan, without listing all of its pairs again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coverplan.domain.candidates import Candidates
from coverplan.formulation.build import Formulation, build
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.runs.starts import choice_of


@dataclass(frozen=True, eq=False)
class Today:
    """What today's assignment earns and costs, and what is wrong with it."""

    account: Ledger
    inadmissible: int
    """Seats whose rep of today is not admissible."""

    @property
    def broken(self) -> list[str]:
        """Ids of the hard rules that it breaks."""
        return [str(state.rule.id) for state in self.account.rules if state.rule.penalty is None and state.broken.any()]


def today_of(formulation: Formulation) -> Today | None:
    """Today's assignment: each seat with the rep who holds it, admissible or not; None where no rep holds one."""
    current = formulation.pairs.book.seats.current
    if not (current >= 0).any():
        return None
    pairs = _held(formulation.pairs)
    found = build(pairs, formulation.rules, formulation.weights)
    choice = choice_of(found, current)
    assert choice is not None
    account = ledger(found, choice)
    return Today(account, int((account.chosen & ~pairs.admitted).sum()))


def _held(pairs: Candidates) -> Candidates:
    """One unit per seat with today's pair, and at most one admissible pair beside it.

    Of the other pairs the rows of today's assignment depend only on whether there is one, and on the most that any
    is worth, which is handed on: two pairs a seat do for a million accounts.
    """
    seats, width = pairs.book.seats, pairs.instance.n_reps
    own = np.flatnonzero(pairs.admitted)
    first = np.full(len(seats), -1, np.int64)
    first[pairs.seat[own][::-1]] = own[::-1]
    kept = np.union1d(first[first >= 0], np.flatnonzero(pairs.is_current & pairs.admitted))
    admissible = np.sort(pairs.seat[kept].astype(np.int64) * width + pairs.rep[kept])
    held = np.flatnonzero(seats.current >= 0)
    keys = np.union1d(admissible, held * width + seats.current[held])
    units = np.arange(len(seats), dtype=np.int32)
    listed = Candidates.from_unit_keys(pairs.book, keys, units, len(seats))
    admitted = np.isin(keys, admissible, kind="sort")
    return replace(listed, admitted=admitted, best_net=pairs.most_net)
