"""Rules that tie units together, as rows of small programs: `sum a x - excess <= upper`, one excess for several rows.

An excess is forbidden where its rule is hard, and costs the rule's penalty where it is soft.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.pricing.segments import Indices


@dataclass(frozen=True, eq=False)
class TieRows:
    """All tie rows of a formulation, column by column."""

    matrix: sparse.csc_array
    """Rows x columns."""
    upper: Floats
    excess: Indices
    """The excess of each row."""
    penalty: Floats
    """Per excess; infinite where the rule is hard."""

    @classmethod
    def of(cls, formulation: Formulation) -> Self:
        """Stack the rows of all rules that tie units; their limits are 0, `choice.method_of` sees to it."""
        pairs, column, row, entry = formulation.pairs, [], [], []
        upper, excess, penalty, rows, sums = [np.empty(0)], [np.empty(0, np.int64)], [np.empty(0)], 0, 0
        for rule, block in formulation.linked:
            column.append(pairs.column[block.choice])
            row.append(block.row + rows)
            entry.append(block.coefficient)
            upper.append(block.upper)
            of_row = np.zeros(len(block.upper), np.int64)
            of_row[block.aux_row] = block.aux
            excess.append(of_row + sums)
            penalty.append(np.full(len(block.owner), np.inf if rule.penalty is None else rule.penalty))
            rows, sums = rows + len(block.upper), sums + len(block.owner)
        none = np.empty(0, np.int64)
        coordinates = (np.concatenate([none, *row]), np.concatenate([none, *column]))
        matrix = sparse.coo_array(
            (np.concatenate([np.empty(0), *entry]), coordinates), shape=(rows, pairs.n_columns)
        ).tocsc()
        return cls(matrix, np.concatenate(upper), np.concatenate(excess).astype(np.int64), np.concatenate(penalty))

    def __len__(self) -> int:
        return len(self.upper)

    def excesses(self, activity: Floats) -> Floats:
        """The least excess that the activity of the rows needs."""
        needed = np.zeros(len(self.penalty))
        np.maximum.at(needed, self.excess, activity - self.upper)
        return needed
