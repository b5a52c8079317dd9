"""A program in whole numbers, for solvers that know no others.

The rounding errs on one side only: every point of the given program has an image that is feasible and worth at least
as much, so bounds carry over, as long as no row is `narrowed`.

- A row whose coefficients are decimals (0.25 hours, 19.99 dollars) is multiplied by a power of ten: no error.
- Any other row is multiplied by a power of two so large that its worst rounding error stays within half
  of `mip.feasibility.rounding`, and its bounds are widened by that error.
- A row too long for that within 64 bits is *narrowed* by its rounding error: points stay feasible, bounds are lost.
- A continuous column counts in units of its row's factor, with bounds and range rounded outwards.
- Objective coefficients are rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.mip.feasibility import Indices, rounding, row_sizes
from coverplan.mip.implied import implied_integers
from coverplan.mip.program import Bools, Floats, Program

Integers = npt.NDArray[np.int64]

DECIMALS = 15
"""Most that a float can tell apart."""
LARGEST_SUM = 2.0**55
"""Most that the absolute terms of a row or of the objective may add up to."""
SMALLEST_SUM = 2.0**-40
LARGEST_VALUE = 2.0**40
"""Where an unbounded column is cut off, unless its row says how far it can be needed."""
FRACTION_UNITS = 2.0**10
"""Units per 1 of a continuous column that stands in several rows, or in none."""
OBJECTIVE_ACCURACY = 1e-7
"""Total rounding of the objective, as a share of its largest coefficient, where 64 bits allow."""


@dataclass(frozen=True, eq=False)
class IntegerProgram:
    """Maximise `objective @ X / factor + offset` over whole X with `row_lower <= matrix @ X <= row_upper`.

    `x = X / units`. `valid_bound`: bounds and infeasibility hold for the program it was made from.
    """

    objective: Integers
    factor: float
    offset: float
    matrix: sparse.csr_array
    row_lower: Integers
    row_upper: Integers
    lower: Integers
    upper: Integers
    units: Floats
    valid_bound: bool
    notes: tuple[str, ...]

    def point(self, values: Integers) -> Floats:
        """The point of the given program."""
        return np.divide(values, self.units, dtype=np.float64)

    def image(self, x: Floats) -> Integers:
        """The nearest whole point to x, for hints."""
        return np.clip(np.rint(x * self.units), self.lower, self.upper).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Entries:
    """The matrix entry by entry; `own` marks continuous columns that stand in one row."""

    rows: Indices
    columns: Indices
    values: Floats
    own: Bools
    row_count: int

    def per_row(self, amounts: Floats | Bools) -> Floats:
        """Sum over the entries of each row."""
        return np.bincount(self.rows, amounts, self.row_count).astype(np.float64)


def to_integers(program: Program) -> IntegerProgram:
    """The program in whole numbers."""
    matrix = program.matrix.copy()
    matrix.sum_duplicates()
    program = replace(program, matrix=matrix, integer=program.integer | implied_integers(program))
    uses = np.bincount(matrix.indices, minlength=program.objective.size)
    entries = _Entries(
        rows=np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)),
        columns=matrix.indices.astype(np.intp),
        values=matrix.data,
        own=(~program.integer & (uses == 1))[matrix.indices],
        row_count=matrix.shape[0],
    )
    factors, exact = _row_factors(program, entries)
    units = np.where(program.integer, 1.0, FRACTION_UNITS)
    own = entries.own
    units[entries.columns[own]] = factors[entries.rows[own]] * np.abs(entries.values[own])
    lower, upper, cut = _box(program, entries, factors, units)
    reach = np.maximum(np.abs(lower), np.abs(upper))

    scaled = entries.values * factors[entries.rows] / units[entries.columns]
    coefficients = np.rint(scaled)
    rounding = np.where(exact[entries.rows], 0.0, np.abs(coefficients - scaled) * reach[entries.columns])
    row_lower, row_upper, narrowed = _row_bounds(program, entries, factors, entries.per_row(rounding))
    objective, factor, error = _objective(program, units, lower, reach)
    shared = ~program.integer & (uses != 1)
    return IntegerProgram(
        objective=objective,
        factor=factor,
        offset=program.offset + error,
        matrix=sparse.csr_array((coefficients.astype(np.int64), matrix.indices, matrix.indptr), shape=matrix.shape),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=lower.astype(np.int64),
        upper=upper.astype(np.int64),
        units=units,
        valid_bound=not (narrowed.any() or shared.any() or cut.any()),
        notes=_notes(narrowed, shared, cut, np.abs(objective / factor - program.objective / units)),
    )


def decimals(values: Floats) -> Integers:
    """Decimal places of each value as one would type it; `DECIMALS` + 1 for more than `DECIMALS`."""
    places = np.full(values.shape, DECIMALS + 1, dtype=np.int64)
    for count in range(DECIMALS, -1, -1):
        shifted = values * 10.0**count
        places[np.abs(shifted - np.rint(shifted)) <= 4e-16 * np.abs(shifted)] = count
    return places


def _row_factors(program: Program, entries: _Entries) -> tuple[Floats, Bools]:
    """What each row is multiplied by, and whether that makes its coefficients whole."""
    rows, fixed = entries.rows, ~entries.own
    reach = np.minimum(np.maximum(np.abs(program.lower), np.abs(program.upper)), LARGEST_VALUE)[entries.columns] * fixed
    bounds = np.abs(np.stack([program.row_lower, program.row_upper]))
    most = np.maximum(
        entries.per_row(np.abs(entries.values) * reach), np.where(np.isfinite(bounds), bounds, 0.0).max(axis=0)
    )
    room = LARGEST_SUM / np.maximum(most, SMALLEST_SUM)
    places = np.zeros(entries.row_count, dtype=np.int64)
    np.maximum.at(places, rows[fixed], decimals(entries.values[fixed]))
    decimal = 10.0 ** np.minimum(places, DECIMALS)
    whole_columns = entries.per_row(fixed & ~program.integer[entries.columns]) == 0
    exact = (places <= DECIMALS) & (decimal <= room) & whole_columns

    tightest = rounding(np.minimum(np.abs(program.row_lower), np.abs(program.row_upper)), row_sizes(program))
    wanted = entries.per_row(reach) / np.where(tightest > 0.0, tightest, 1.0)
    factors = np.where(exact, decimal, _next_power_of_two(np.minimum(wanted, room / 2.0)))
    cost = np.zeros(entries.row_count)
    own = entries.own
    per_unit = np.abs(program.objective[entries.columns[own]] / entries.values[own])
    np.maximum.at(cost, rows[own], per_unit)
    finer = np.minimum(cost / (OBJECTIVE_ACCURACY * program.size), room / 2.0) / factors
    aligned = _whole(program.row_lower * factors) & _whole(program.row_upper * factors) & exact
    return factors * np.where(aligned | (finer <= 1.0), 1.0, _next_power_of_two(finer)), exact


def _next_power_of_two(values: Floats) -> Floats:
    return np.exp2(np.ceil(np.log2(np.maximum(values, 1.0))))


def floor(scaled: Floats) -> Floats:
    """The largest whole number up to each, where what floats miss one by counts as that one."""
    return np.where(_whole(scaled), np.rint(scaled), np.floor(scaled))


def _whole(bounds: Floats) -> Bools:
    nearest = np.rint(np.where(np.isfinite(bounds), bounds, 0.0))
    return np.isinf(bounds) | (np.abs(bounds - nearest) <= 1e-9 + 1e-15 * np.abs(nearest))


def _box(program: Program, entries: _Entries, factors: Floats, units: Floats) -> tuple[Floats, Floats, Bools]:
    """Column bounds in units, rounded outwards for continuous columns, and the columns that had to be cut off."""
    fuzz = np.where(program.integer, -1e-9, 0.0)
    scaled = (program.lower * units, program.upper * units)
    lower = np.where(program.integer, np.ceil(scaled[0] + fuzz), np.floor(scaled[0]))
    upper = np.where(program.integer, np.floor(scaled[1] - fuzz), np.ceil(scaled[1]))

    ends = np.stack([program.lower, program.upper])[:, entries.columns]
    ends = np.clip(ends, -LARGEST_VALUE, LARGEST_VALUE) * np.where(entries.own, 0.0, entries.values)
    least, most = entries.per_row(ends.min(axis=0)), entries.per_row(ends.max(axis=0))
    need = np.maximum(np.where(np.isfinite(program.row_lower), program.row_lower - least, 0.0), 0.0)
    need = np.maximum(need, np.where(np.isfinite(program.row_upper), most - program.row_upper, 0.0))
    own_rows, own_columns = entries.rows[entries.own], entries.columns[entries.own]
    slack = (program.lower[own_columns] == 0.0) & (program.objective[own_columns] <= 0.0)
    reach = np.full(units.size, LARGEST_VALUE)
    reach[own_columns[slack]] = (np.ceil(need * factors) + 1.0)[own_rows[slack]]
    cut = ~np.isfinite(lower) | ~np.isfinite(upper)
    cut[own_columns[slack]] = False
    return np.maximum(lower, -LARGEST_VALUE), np.where(np.isfinite(upper), upper, reach), cut


def _row_bounds(
    program: Program, entries: _Entries, factors: Floats, errors: Floats
) -> tuple[Integers, Integers, Bools]:
    """Whole row bounds, and the rows that had to be narrowed.

    A row with a slack is rounded outwards: its true slack is known only after `Settling`.
    """
    slacks, sizes = entries.per_row(entries.own), row_sizes(program)
    give = np.where(slacks > 2, slacks, 0.0) + errors
    bounds = []
    narrowed = np.zeros(entries.row_count, dtype=np.bool_)
    for bound, side in ((program.row_lower, -1.0), (program.row_upper, 1.0)):
        allowed = rounding(bound, sizes) * factors
        scaled = np.where(np.isfinite(bound), bound * factors * side, 0.0)
        hard = (slacks == 0) & np.isfinite(bound)
        too_wide = hard & (2.0 * errors > allowed)
        narrowed |= too_wide
        inner = floor(scaled + np.where(too_wide, -errors, allowed - errors))
        outer = np.where(_whole(scaled), np.rint(scaled), np.ceil(scaled)) + np.ceil(give)
        whole = np.where(hard, inner, outer)
        bounds.append(np.where(np.isfinite(bound), side * whole, side * 2.0**62).astype(np.int64))
    return bounds[0], bounds[1], narrowed


def _objective(program: Program, units: Floats, lower: Floats, reach: Floats) -> tuple[Integers, float, float]:
    """Whole coefficients, their common factor, and what rounding up may take away at negative values."""
    wanted = program.objective / units
    room = LARGEST_SUM / max(float(np.abs(wanted) @ reach), SMALLEST_SUM)
    places = int(decimals(wanted).max(initial=0))
    if places <= DECIMALS and 10.0**places <= room:
        return np.rint(wanted * 10.0**places).astype(np.int64), 10.0**places, 0.0
    size = program.size
    least = np.abs(wanted[~program.integer & (wanted != 0.0)]).min(initial=np.inf)
    accurate = max(wanted.size / (OBJECTIVE_ACCURACY * size), 1e3 / least)
    factor = float(np.exp2(np.floor(np.log2(min(accurate, room)))))
    objective = np.ceil(wanted * factor)
    return objective.astype(np.int64), factor, float(np.maximum(-lower, 0.0).sum() / factor)


def _notes(narrowed: Bools, shared: Bools, cut: Bools, rounding: Floats) -> tuple[str, ...]:
    notes = []
    if narrowed.any():
        notes.append(f"{int(narrowed.sum())} rows do not scale to integers: narrowed, so no bound is claimed")
    if shared.any():
        notes.append(f"{int(shared.sum())} continuous columns are counted in steps of {1 / FRACTION_UNITS:g}")
    if cut.any():
        notes.append(f"{int(cut.sum())} unbounded columns are cut off at {LARGEST_VALUE:g}")
    if (largest := float(rounding.max(initial=0.0))) > 0.0:
        notes.append(f"objective coefficients are rounded by up to {largest:.3g}")
    return tuple(notes)
