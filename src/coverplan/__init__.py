"""Coverplan assigns accounts to sales reps by a mixed-integer program, with a proven gap and the reasons.

    import coverplan

    plan = coverplan.solve(problem, policy, time_limit_s=30)

`solve`, `evaluate`, `validate`, `verify` and `experiment` take documents as dicts or as the models of
`coverplan.payload`, and tables of them as polars, pandas or any other Arrow frames. What goes wrong is a
`CoverplanError`: `coverplan.payload.errors` draws the tree. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coverplan.library.calls import evaluate, solve, validate, verify
    from coverplan.library.experiments import experiment
    from coverplan.payload.errors import CoverplanError, FailedError, InvalidError

    __version__: str

__all__ = [
    "solve",
    "evaluate",
    "validate",
    "verify",
    "experiment",
    "CoverplanError",
    "InvalidError",
    "FailedError",
    "__version__",
]
_HOMES = {
    "solve": "coverplan.library.calls",
    "evaluate": "coverplan.library.calls",
    "validate": "coverplan.library.calls",
    "experiment": "coverplan.library.experiments",
    "CoverplanError": "coverplan.payload.errors",
    "InvalidError": "coverplan.payload.errors",
    "FailedError": "coverplan.payload.errors",
}
"""Where the names are from; `verify` is the package of that name, which can be called."""


def __getattr__(name: str) -> Any:
    if name == "verify":
        return import_module("coverplan.verify")
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it takes longer than all else here

        value: object = version("coverplan")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package: `coverplan.verify` is a call and a package of that name, so the package can be called."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "verify" and isinstance(value, ModuleType):
            value.__class__ = _Verify
        super().__setattr__(name, value)


class _Verify(ModuleType):
    """The package `coverplan.verify`, whose code shares nothing with the call that reads documents for it."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("coverplan.library.calls").verify(*arguments, **options)


sys.modules[__name__].__class__ = _Package
