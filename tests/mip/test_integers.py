"""Whole-number images: every point keeps its feasibility and at least its worth, unless the program says otherwise."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from coverplan.mip.feasibility import Settling, is_feasible
from coverplan.mip.integers import IntegerProgram, decimals, to_integers
from coverplan.mip.program import Floats, Program
from support.programs import program

INF = np.inf
NUMBERS = st.one_of(
    st.integers(-20, 20).map(float),
    st.integers(-400, 400).map(lambda n: n / 100),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda n: float(np.float32(n))),
)


def test_decimals_are_read_as_typed() -> None:
    """0.1 has one place though no float equals it; a third has none that ends."""
    assert_array_equal(decimals(np.array([3.0, 0.1, 0.25, 19.99, 1e9, 0.000001, 1 / 3])), [0, 1, 2, 2, 0, 6, 16])


def test_decimal_rows_scale_exactly() -> None:
    """0.25 and 1.5 hours of at most 1.9 become 25 and 150 of at most 190."""
    image = to_integers(program([2, 3], [[0.25, 1.5]], [-INF], [1.9], [1, 1], [True, True]))

    assert_array_equal(image.matrix.toarray(), [[25, 150]])
    assert_array_equal(image.row_upper, [190])
    assert_array_equal(image.objective, [2, 3])
    assert image.valid_bound
    assert image.notes == ()


def test_a_row_too_long_for_64_bits_is_narrowed() -> None:
    """Thirds of 1e15 with a tolerance of 1e-6 at bound 0 need more digits than there are."""
    wide = [1e15 / 3, -1e15 / 3, 1 / 3]
    image = to_integers(program([1, 1, 1], [wide], [-INF], [0], [1, 1, 1], [True] * 3))

    assert not image.valid_bound
    assert "1 rows do not scale to integers" in image.notes[0]


def test_unbounded_columns_are_cut_off() -> None:
    """A column that may grow without end has no whole-number bound."""
    image = to_integers(program([-1], [[1]], [1], [INF], [INF], [True]))

    assert not image.valid_bound


@st.composite
def soft_programs(draw: st.DrawFn) -> Program:
    """Up to four binaries in up to three rows, some of them soft on both sides."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    values = np.array([[draw(NUMBERS) for _ in range(columns)] for _ in range(rows)])
    middle = np.array([draw(NUMBERS) for _ in range(rows)])
    width = np.array([draw(st.sampled_from([0.0, 0.5, 10.0, 1e5, INF])) for _ in range(rows)])
    soft = np.flatnonzero([draw(st.booleans()) for _ in range(rows)])
    price = draw(st.sampled_from([0.2, 1.0, 33.3]))
    slacks = np.zeros((rows, 2 * soft.size))
    slacks[soft, np.arange(soft.size)], slacks[soft, soft.size + np.arange(soft.size)] = -1.0, 1.0
    objective = [draw(NUMBERS) for _ in range(columns)] + [-price] * (2 * soft.size)
    integer = [True] * columns + [False] * (2 * soft.size)
    upper = [1.0] * columns + [INF] * (2 * soft.size)
    return program(objective, np.hstack([values, slacks]), middle - width, middle + width, upper, integer)


def points(given: Program) -> list[Floats]:
    """Every choice of the binaries, each with the slacks that it needs."""
    settle = Settling(given)
    rest = np.zeros(int((~given.integer).sum()))
    choices = product([0.0, 1.0], repeat=int(given.integer.sum()))
    return [settle(np.concatenate([np.array(choice), rest])) for choice in choices]


def best_image(image: IntegerProgram, x: Floats, slack_columns: Floats) -> float | None:
    """Worth of x's choice in whole numbers with its slacks rounded down or up, whichever is feasible and worth more."""
    best = None
    scaled = x * image.units
    for rounding in product([np.floor, np.ceil], repeat=int(slack_columns.sum())):
        values = np.rint(scaled)
        for column, way in zip(np.flatnonzero(slack_columns), rounding, strict=True):
            values[column] = way(scaled[column])
        activity = image.matrix.toarray().astype(object) @ values.astype(np.int64).astype(object)
        kept = (activity >= image.row_lower).all() and (activity <= image.row_upper).all()
        if kept and (values >= image.lower).all() and (values <= image.upper).all():
            worth = float(image.objective @ values) / image.factor + image.offset
            best = worth if best is None else max(best, worth)
    return best


@examples(soft_programs())
def test_no_point_is_lost_or_worth_less(given: Program) -> None:
    """So whatever bounds the image bounds the program."""
    image = to_integers(given)
    if not image.valid_bound:
        return
    for x in points(given):
        strictly = given.violation(x) <= 1e-12 * (1 + np.abs(given.matrix.toarray()).sum())
        if strictly and is_feasible(given, x):
            worth = best_image(image, x, (~given.integer).astype(float))
            assert worth is not None
            assert worth >= given.value(x) - 1e-9 * (1 + abs(given.value(x)))


@examples(soft_programs())
def test_feasible_images_are_feasible_points(given: Program) -> None:
    """So whatever a whole-number solver finds can be used, valid bound or not."""
    image = to_integers(given)
    for x in points(given):
        if best_image(image, x, (~given.integer).astype(float)) is not None:
            assert is_feasible(given, Settling(given)(x))


@pytest.mark.parametrize("value", [3.0, -2.5])
def test_point_and_image_are_inverse(value: float) -> None:
    """Whole columns keep their number."""
    image = to_integers(program([1, -1], [[1, -value]], [-INF], [4], [9, INF], [True, False]))

    assert_array_equal(image.point(image.image(np.array([3.0, 0.0]))), [3.0, 0.0])
