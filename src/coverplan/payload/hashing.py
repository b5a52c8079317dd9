"""Hashes of documents with their defaults filled in: equal facts, equal hash, whatever was left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from typing import Any, Protocol

import numpy as np

from coverplan.domain.instance import Instance
from coverplan.payload.columns import to_instance
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem

CHUNK = 1 << 16


class Digest(Protocol):
    """What takes bytes."""

    def update(self, data: bytes, /) -> None:
        """Take some more."""


def problem_hash(problem: Problem) -> str:
    """`sha256:` of a sound problem's facts, the same for documents and tables; see `instance_hash`."""
    return instance_hash(to_instance(problem))


def instance_hash(instance: Instance) -> str:
    """`sha256:` of all columns: every fact that plans depend on, and the names.

    Emails, and revenue from before the last three years, are no such facts.
    """
    digest = hashlib.sha256()
    _feed(digest, instance)
    return f"sha256:{digest.hexdigest()}"


def policy_hash(policy: Policy) -> str:
    """`sha256:` of the policy's JSON, every constraint written out, keys sorted."""
    text = json.dumps(policy.filled(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _feed(digest: Digest, value: object) -> None:
    """Fields in order, each with its length; numbers as 64 bits, whatever type the column has."""
    kind: Any = type(value)
    if isinstance(value, np.ndarray):
        digest.update(f"{value.shape}".encode())
        _feed_column(digest, value.reshape(-1))
    elif dataclasses.is_dataclass(value):
        for name in _names(kind):
            digest.update(name.encode())
            _feed(digest, getattr(value, name))
    else:
        digest.update(json.dumps(value if isinstance(value, tuple | int) else str(value)).encode())


@cache
def _names(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _feed_column(digest: Digest, values: np.ndarray) -> None:
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        if part.dtype.kind == "T":
            digest.update(json.dumps(part.tolist()).encode())
        elif part.dtype.kind == "f":
            numbers = part.astype("<f8") + 0.0  # no negative zero
            numbers[np.isnan(numbers)] = np.nan
            digest.update(numbers.tobytes())
        else:
            digest.update(part.astype("<i8").tobytes())
