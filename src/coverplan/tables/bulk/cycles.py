"""Circles of parents, found for all rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.domain.components import components
from coverplan.domain.instance import Ints


def circles(parent: Ints) -> npt.NDArray[np.int64]:
    """The first row of every circle, ascending; `parent` is -1 for roots.

    After as many steps up as there are rows, only circles still hold anybody: doubling takes those steps in
    logarithmically many passes.
    """
    size = len(parent)
    up = np.append(np.where(parent >= 0, parent, size), size).astype(np.int32)
    steps = 1
    jump = up
    while steps < size:
        jump, steps = jump[jump], 2 * steps
    member = np.unique(jump[jump < size])
    if not len(member):
        return member.astype(np.int64)
    place = np.searchsorted(member, up[member])
    circle = components(np.arange(len(member)), place, len(member))
    _, first = np.unique(circle, return_index=True)
    return np.sort(member[first]).astype(np.int64)


def around(parent: Ints, first: int, most: int) -> tuple[list[int], bool]:
    """The rows of a circle from its first on, at most `most`, and whether that is all of it."""
    rows, row = [first], int(parent[first])
    while row != first and len(rows) < most:
        rows.append(row)
        row = int(parent[row])
    return rows, row == first
