"""The backends by name; each is imported when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from coverplan.solvers.base import Backend

BACKENDS = {
    "highs": ("coverplan.solvers.highs", "Highs"),
    "cp_sat": ("coverplan.solvers.cp_sat", "CpSat"),
    "scip": ("coverplan.solvers.scip", "Scip"),
    "cbc": ("coverplan.solvers.cbc", "Cbc"),
}


def backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        KeyError: no backend has that name.
    """
    module, kind = BACKENDS[name]
    return cast(Backend, getattr(import_module(module), kind)())
