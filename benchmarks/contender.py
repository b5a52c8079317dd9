"""What every contender is: a module with `run(folder, limits, recorder)`.

The folder holds the instance: `instance.json` names problem and policy, `arrays.npz` is the model. `REQUIREMENTS` of a
module are what it needs in an environment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

ARRAYS, INSTANCE = "arrays.npz", "instance.json"
OWN = "coverplan"


@dataclass(frozen=True)
class Limits:
    """When a contender shall stop."""

    time_limit_s: float
    relative_gap: float


class NotExpressibleError(Exception):
    """The contender's model has no words for this instance; the message says which are missing."""


def module_of(name: str) -> Any:
    """The module of a contender; its `run(folder, limits, recorder)` solves and records."""
    return import_module(f"benchmarks.{'own' if name == OWN else f'peers.{name}'}")


def requirements_of(name: str) -> tuple[str, ...] | None:
    """What a contender needs in an environment of its own; None: it runs in this one."""
    return cast("tuple[str, ...] | None", getattr(module_of(name), "REQUIREMENTS", None))
