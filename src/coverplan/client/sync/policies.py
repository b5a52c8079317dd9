# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Policies by name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import quote

from coverplan.client.requests import Document
from coverplan.client.sync.transport import Transport
from coverplan.payload.policies import PolicyDiff, PolicyVersion, StoredPolicy
from coverplan.payload.policy import Policy


class Policies:
    """The stored policies of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def save(self, name: str, policy: Policy | Document) -> StoredPolicy:
        """Store a policy as the next version of its name; the latest, sent again, adds none."""
        body = {"name": name, "policy": policy}
        return self._transport.post("/v1/policies", StoredPolicy, body, uuid.uuid4().hex)

    def get(self, name: str, version: int) -> StoredPolicy:
        """A version of a policy."""
        return self._transport.get(f"{_path(name)}/versions/{version}", StoredPolicy)

    def list(self) -> Iterator[PolicyVersion]:
        """The latest version of every policy, by name."""
        return self._transport.pages("/v1/policies", PolicyVersion)

    def versions(self, name: str) -> Iterator[PolicyVersion]:
        """All versions of a policy, newest first."""
        return self._transport.pages(_path(name), PolicyVersion)

    def diff(self, name: str, before: int, after: int | None = None) -> PolicyDiff:
        """What changed between two versions; without `after`, up to the latest."""
        return self._transport.get(f"{_path(name)}/diff", PolicyDiff, **{"from": before, "to": after})

    def delete(self, name: str) -> None:
        """Delete all versions of a policy; runs and experiments keep what they were given."""
        self._transport.send("DELETE", _path(name))


def _path(name: str) -> str:
    return f"/v1/policies/{quote(name, safe='')}"
