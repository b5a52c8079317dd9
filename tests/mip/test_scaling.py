"""Powers of two change no number's digits, so scaling loses nothing."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from coverplan.mip.scaling import scale
from support.programs import program


def test_rows_and_objective_are_multiplied_by_powers_of_two() -> None:
    """Largest 25 hours times 1/32 is 0.78125; largest 3e9 / 2^32 is 0.698, times 1024; a row of zeros stays."""
    given = program([3e9, 1], [[25, 4], [0.001, 0], [0, 0]], [-np.inf] * 3, [100, 1, 1], [1, 1], [True, True], 7.0)

    scaled = scale(given)

    assert_array_equal(scaled.rows, [2.0**-5, 2.0**9, 1.0])
    assert scaled.objective == 2.0**-32 * 1024
    assert_array_equal(scaled.program.matrix.toarray(), [[0.78125, 0.125], [0.512, 0], [0, 0]])
    assert scaled.program.row_upper[0] == 100 / 32
    assert scaled.value(scaled.program.value(np.array([1.0, 1.0]))) == 3e9 + 1 + 7


def test_prices_return_in_the_given_units() -> None:
    """A price of 2 scaled money per scaled hour: 2 / 32 per hour, divided by the objective's factor 8 / ... = 512."""
    given = program([2.0], [[32.0]], [0], [32], [1], [True])

    scaled = scale(given)

    assert (scaled.rows[0], scaled.objective) == (1 / 32, 512.0)
    assert_array_equal(scaled.prices(np.array([512.0])), [1 / 32])


def test_penalties_do_not_set_the_magnitude() -> None:
    """The account's 8 counts, the continuous column's 1e9 does not: 8 becomes 1024."""
    given = program([8.0, -1e9], [[1, -1]], [-np.inf], [1], [1, np.inf], [True, False])

    assert scale(given).objective == 128.0


def test_a_slack_in_money_is_counted_in_the_size_of_its_row() -> None:
    """3e9 x - s <= 5: rows by 2^-32, so s would be left with 2^-32; in units of 2^32 it has 1, its cost 2 * 2^32."""
    given = program([1.0, -2.0], [[3e9, -1]], [-np.inf], [5], [1, np.inf], [True, False])

    scaled = scale(given)

    assert_array_equal(scaled.program.matrix.toarray(), [[3e9 / 2**32, -1.0]])
    assert_array_equal(scaled.program.objective, [1024.0, -2.0 * 2**32 * 1024])
    assert_array_equal(scaled.point(scaled.scaled_point(np.array([1.0, 3e9 - 5]))), [1.0, 3e9 - 5])


def test_a_row_of_slacks_alone_goes_by_its_bound() -> None:
    """s >= 3e9, at a cost of 2: in units of 2^32 it has 1, and its cost is 2 * 2^32."""
    given = program([1.0, -2.0], [[0, 1]], [3e9], [np.inf], [1, np.inf], [True, False])

    scaled = scale(given)

    assert_array_equal(scaled.program.matrix.toarray(), [[0, 1.0]])
    assert_array_equal(scaled.program.objective, [1024.0, -2.0 * 2**32 * 1024])
    assert_array_equal(scaled.program.row_lower, [3e9 / 2**32])
