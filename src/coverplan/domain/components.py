"""What links hold together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse


def components(first: npt.NDArray[np.integer], second: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.int32]:
    """The connected component of each of `size` nodes, numbered from 0, where `first[i]` and `second[i]` are linked."""
    from scipy.sparse import csgraph  # noqa: PLC0415 - takes a moment to import, and most books have no links

    graph = sparse.coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    labels: npt.NDArray[np.int32] = csgraph.connected_components(graph, directed=False)[1]
    return labels
