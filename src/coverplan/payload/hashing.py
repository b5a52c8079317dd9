"""Hashes of documents with their defaults filled in: equal facts, equal hash, whatever was left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator

import numpy as np

from coverplan.domain.instance import Instance
from coverplan.payload.columns import to_instance
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem

CHUNK = 1 << 16


def problem_hash(problem: Problem) -> str:
    """`sha256:` of a sound problem's facts, the same for documents and tables; see `instance_hash`."""
    return instance_hash(to_instance(problem))


def instance_hash(instance: Instance) -> str:
    """`sha256:` of all columns: every fact that plans depend on, and the names.

    Emails, and revenue from before the last three years, are no such facts.
    """
    digest = hashlib.sha256()
    for part in _parts(instance):
        digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def policy_hash(policy: Policy) -> str:
    """`sha256:` of the policy's JSON, every constraint written out, keys sorted."""
    text = json.dumps(policy.filled(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    """Fields in order, each with its length; numbers as 64 bits, whatever type the column has."""
    if isinstance(value, np.ndarray):
        yield f"{value.shape}".encode()
        yield from _column(value.reshape(-1))
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield field.name.encode()
            yield from _parts(getattr(value, field.name))
    else:
        yield json.dumps(value if isinstance(value, tuple | int) else str(value)).encode()


def _column(values: np.ndarray) -> Iterator[bytes]:
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        if part.dtype.kind == "T":
            yield json.dumps(part.tolist()).encode()
        elif part.dtype.kind == "f":
            numbers = part.astype("<f8") + 0.0  # no negative zero
            numbers[np.isnan(numbers)] = np.nan
            yield numbers.tobytes()
        else:
            yield part.astype("<i8").tobytes()
