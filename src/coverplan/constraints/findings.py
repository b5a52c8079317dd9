"""What a rule says of itself to the checks: the ids that it names, and what is wrong with it.

Codes are those of the catalogue of issues, which has the messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Path = tuple[str | int, ...]
"""Fields and places from the rule to a part of it."""


@dataclass(frozen=True)
class Named:
    """Ids that should exist: where they stand, and the code of the issue where one does not."""

    code: str
    path: Path
    ids: str | tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong, or worth knowing; `words` fill the message of the code."""

    code: str
    path: Path = ()
    value: object = None
    words: Mapping[str, object] = field(default_factory=dict)


class Amounts(Protocol):
    """Numbers of the problem that a rule may rely on."""

    @property
    def targets(self) -> Mapping[str, float | None]:
        """Revenue target of each territory."""

    @property
    def quotas(self) -> bool:
        """Whether some rep has a quota."""
