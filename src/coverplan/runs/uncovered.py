"""Why a seat stays uncovered: no rep may serve it, none has room, it brings nothing, or the search stopped first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.formulation.program import Choice
from coverplan.mip.program import hair
from coverplan.mip.rows import violation

NO_ELIGIBLE_REP, NO_ROOM, NOT_WORTHWHILE, SEARCH_STOPPED = REASONS = (
    "no_eligible_rep",
    "no_room",
    "not_worthwhile",
    "search_stopped",
)


def reasons(formulation: Formulation, choice: Choice, account: Ledger) -> npt.NDArray[np.str_]:
    """The reason of each uncovered unit, "" for the others; the rest of the plan is held still."""
    pairs = formulation.pairs
    idle = choice < 0
    reason = np.where(idle, NO_ELIGIBLE_REP, "")
    columns = np.flatnonzero(idle[pairs.column_unit] & formulation.open_column)
    if len(columns) == 0:
        return reason
    room, gain = _marginal(formulation, choice, columns)
    if formulation.linked:
        room, gain = _recounted(formulation, choice, account, columns, room, gain)
    unit = pairs.column_unit[columns]
    reason[unit] = NO_ROOM
    reason[unit[room]] = NOT_WORTHWHILE
    reason[unit[room & (gain > hair(account.objective, formulation.size))]] = SEARCH_STOPPED
    return reason


def _marginal(formulation: Formulation, choice: Choice, columns: npt.NDArray[np.int64]) -> tuple[Bools, Floats]:
    """For each column: whether every hard priced row still admits it, and what it would add to the objective."""
    x = np.zeros(formulation.pairs.n_columns)
    x[choice[choice >= 0]] = 1.0
    activity = formulation.matrix @ x + formulation.idle_matrix @ (choice < 0).astype(np.float64)
    unit = formulation.pairs.column_unit[columns]
    change = (formulation.matrix[:, columns] - formulation.idle_matrix[:, unit]).tocoo()
    row, place = change.coords
    before = violation(activity, formulation.lower, formulation.upper)[row]
    after = violation(activity[row] + change.data, formulation.lower[row], formulation.upper[row])
    hard = np.isinf(formulation.penalty[row])
    spare = np.where(change.data > 0, formulation.rounding[1][row], formulation.rounding[0][row])
    room = np.ones(len(columns), np.bool_)
    room[place[hard & (after > before) & (after > spare)]] = False
    paid = np.where(hard, 0.0, formulation.penalty[row]) * np.where(hard, 0.0, after - before)
    gain = formulation.value[columns] - formulation.idle_value[unit]
    return room, gain - np.bincount(place, paid, len(columns))


def _recounted(
    formulation: Formulation,
    choice: Choice,
    account: Ledger,
    columns: npt.NDArray[np.int64],
    room: Bools,
    gain: Floats,
) -> tuple[Bools, Floats]:
    """Recount the promising columns with the rules that link units, the best two hundred first.

    Covering a parent may end penalties of its children, by at most what they cost now.
    """
    room, gain = room.copy(), gain.copy()
    linked = {rule.id for rule, _ in formulation.linked}
    relief = sum(state.cost for state in account.rules if state.rule.id in linked)
    promising = np.flatnonzero(room & (gain + relief > 0))
    for place in promising[np.argsort(-gain[promising])][:200]:
        trial = choice.copy()
        trial[formulation.pairs.column_unit[columns[place]]] = columns[place]
        recount = ledger(formulation, trial)
        room[place] = not _breaks_more(account, recount)
        gain[place] = recount.objective - account.objective
    return room, gain


def _breaks_more(before: Ledger, after: Ledger) -> bool:
    """Whether some hard rule is missed by more than before."""
    return any(
        bool((late.broken & (late.violation > early.violation)).any())
        for early, late in zip(before.rules, after.rules, strict=True)
        if late.rule.penalty is None
    )
