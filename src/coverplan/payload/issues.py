"""Issues: what is wrong with a document, said in a stable code, with the place, the entity and a way out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.issue_codes import CATALOGUE, Code, Severity

MAX_ISSUES = 1000
MAX_VALUE = 200

Echo = str | int | float | bool | None


class Entity(Document):
    """The thing that an issue is about."""

    type: str = Field(description="What it is.", examples=["account"])
    id: str | None = Field(default=None, description="Its id, clipped; null: it has none.", examples=["a1"])


class Issue(Document):
    """One thing that is wrong (error) or worth knowing (warning)."""

    code: str = Field(description="Stable code; `/v1/issue-codes` explains it.", examples=["unknown_territory"])
    severity: Literal["error", "warning"] = Field(
        description="An error stops the run, a warning does not.", examples=["error"]
    )
    pointer: str = Field(
        description="JSON Pointer (RFC 6901) into the request body.", examples=["/problem/accounts/3/territory_id"]
    )
    entity: Entity | None = Field(
        default=None, description="The account, rep... concerned.", examples=[{"type": "account", "id": "a1"}]
    )
    message: str = Field(description="What is wrong, for people.", examples=['Territory "wset" does not exist.'])
    value: Echo = Field(default=None, description="The offending value, clipped to 200 characters.", examples=["wset"])
    suggestion: str | None = Field(default=None, description="A way out.", examples=['Did you mean "west"?'])


class PayloadError(Exception):
    """A document that cannot be used; `report` says why."""

    def __init__(self, report: IssueReport) -> None:
        super().__init__(report.headline)
        self.report = report


@dataclass
class IssueReport:
    """Collects issues: keeps the first 1,000 of each severity, counts all."""

    errors: list[Issue] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    total_errors: int = 0
    total_warnings: int = 0
    complete: bool = True
    """False when counting stopped early: the totals are then lower bounds."""
    more: dict[str, int] = field(default_factory=dict)
    """Counted, but not kept, by rule: where only the first rows of each rule are."""

    @property
    def issues(self) -> list[Issue]:
        """The first 1,000 issues, errors first."""
        return (self.errors + self.warnings)[:MAX_ISSUES]

    @property
    def total(self) -> int:
        return self.total_errors + self.total_warnings

    @property
    def headline(self) -> str:
        """The first issue in one line, and how many there are."""
        if not self.issues:
            return "No issues."
        first = self.issues[0]
        place = first.pointer or "the document"
        more = f" (and {self.total - 1:,} more)" if self.total > 1 else ""
        return f"{place}: {first.message}{more}"

    def wants(self, severity: Severity) -> bool:
        """Whether another issue of that severity would still be kept."""
        return len(self.errors if severity == "error" else self.warnings) < MAX_ISSUES

    def add(
        self,
        code: str,
        pointer: str,
        *,
        value: object = None,
        entity: tuple[str, str | None] | None = None,
        suggestion: str | None = None,
        **words: object,
    ) -> None:
        """Record one issue; `words` fill the catalogue's message."""
        entry = CATALOGUE[code]
        if self.wants(entry.severity):
            kept = self.errors if entry.severity == "error" else self.warnings
            kept.append(_issue(entry, pointer, value, entity, suggestion, words))
        self.count(code, 1)

    def count(self, code: str, number: int) -> None:
        """Count issues of a code without keeping them."""
        if CATALOGUE[code].severity == "error":
            self.total_errors += number
        else:
            self.total_warnings += number

    def extend(self, other: IssueReport) -> None:
        """Add the issues of another report."""
        self.errors = (self.errors + other.errors)[:MAX_ISSUES]
        self.warnings = (self.warnings + other.warnings)[:MAX_ISSUES]
        self.total_errors += other.total_errors
        self.total_warnings += other.total_warnings
        self.complete &= other.complete
        for rule, count in other.more.items():
            self.more[rule] = self.more.get(rule, 0) + count

    def raise_errors(self) -> None:
        """Raise PayloadError if there is an error."""
        if self.total_errors:
            raise PayloadError(self)


def catalogue() -> list[dict[str, str | None]]:
    """All issue codes, for `GET /v1/issue-codes`."""
    return [
        {
            "code": entry.code,
            "severity": entry.severity,
            "entity": entry.entity,
            "message": entry.message,
            "suggestion": entry.suggestion,
        }
        for entry in sorted(CATALOGUE.values(), key=lambda entry: entry.code)
    ]


def pointer(at: str, parts: Iterable[str | int]) -> str:
    """JSON Pointer of the parts below `at`, escaped as RFC 6901 asks."""
    return at + "".join("/" + json_safe(str(part)).replace("~", "~0").replace("/", "~1") for part in parts)


def json_safe(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be encoded."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clip(text: str) -> str:
    """At most 200 characters, encodable."""
    text = text[: MAX_VALUE + 1]
    return json_safe(text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…")


def echo(value: object) -> Echo:
    """A value as it can be shown: short, finite, encodable."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else clip(_digits(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, list | dict):
        return clip(json.dumps(_head(value), ensure_ascii=False, default=str))
    return clip(str(value))


def quoted(value: object) -> str:
    """A value inside a sentence."""
    shown = echo(value)
    return f'"{shown}"' if isinstance(shown, str) else json.dumps(shown)


def _digits(value: int) -> str:
    return (
        str(value) if value.bit_length() < 4096 else f"an integer of about {int(value.bit_length() * 0.30103):,} digits"
    )


def _head(value: object, depth: int = 3) -> object:
    """The first few parts of a nested value: enough to show, cheap for any size."""
    if isinstance(value, list):
        return [_head(item, depth - 1) for item in value[:20]] if depth else "..."
    if isinstance(value, dict):
        return {clip(str(key)): _head(value[key], depth - 1) for key in list(value)[:20]} if depth else "..."
    return echo(value)


def _issue(
    entry: Code,
    at: str,
    value: object,
    entity: tuple[str, str | None] | None,
    suggestion: str | None,
    words: dict[str, object],
) -> Issue:
    shown = {name: word if isinstance(word, int) else clip(str(word)) for name, word in words.items()}
    kind, name = entity or (entry.entity, None)
    return Issue(
        code=entry.code,
        severity=entry.severity,
        pointer=at,
        entity=None if kind is None else Entity(type=kind, id=None if name is None else clip(name)),
        message=entry.message.format(value=quoted(value), entity=f"{kind} {quoted(name)}" if name else kind, **shown),
        value=echo(value),
        suggestion=suggestion or entry.suggestion,
    )
