"""Hashes of documents with their defaults filled in: equal facts, equal hash, whatever was left out."""

from __future__ import annotations

import hashlib
import json

from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem


def problem_hash(problem: Problem) -> str:
    """`sha256:` of the problem's JSON, every field written in the order of its documentation."""
    return _hash(problem.model_dump_json())


def policy_hash(policy: Policy) -> str:
    """`sha256:` of the policy's JSON, every constraint written out, keys sorted."""
    return _hash(json.dumps(policy.filled(), sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
