"""What is wrong or remarkable in a table: each message names file, row and column, and says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_KEPT = 1000
MAX_SHOWN = 20


@dataclass(frozen=True)
class Message:
    """One located message. Rows are counted as a spreadsheet counts them: the header is row 1."""

    text: str
    file: str
    row: int | None = None
    column: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column is not None:
            place += f', column "{self.column}"'
        advice = f" {self.suggestion}" if self.suggestion else ""
        return f"{place}: {self.text}{advice}"


class TableError(Exception):
    """Tables or a mapping that cannot be read; `messages` holds the first 1,000, `total` counts all."""

    def __init__(self, messages: Sequence[Message], total: int | None = None) -> None:
        self.messages = list(messages)
        self.total = len(self.messages) if total is None else total
        super().__init__(self.render())

    def render(self, shown: int = MAX_SHOWN) -> str:
        """The first `shown` messages, one per line, and how many more there are."""
        lines = [str(message) for message in self.messages[:shown]]
        if self.total > len(lines):
            lines.append(f"... and {self.total - len(lines):,} more.")
        return "\n".join(lines)


@dataclass
class Findings:
    """Errors, warnings and notes of one conversion, collected so that one run tells all."""

    errors: list[Message] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    total: int = 0

    def error(self, message: Message) -> None:
        self.total += 1
        if len(self.errors) < MAX_KEPT:
            self.errors.append(message)

    def warn(self, message: Message) -> None:
        self.warnings.append(message)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def stop_on_errors(self) -> None:
        """Raise what was collected.

        Raises:
            TableError: at least one error was collected.
        """
        if self.errors:
            raise TableError(self.errors, self.total)


def did_you_mean(word: str, known: tuple[str, ...] | list[str]) -> str | None:
    """A suggestion that names the nearest of the known words, or lists them when they are few."""
    close = difflib.get_close_matches(word.casefold(), [item.casefold() for item in known], 1, 0.6)
    if close:
        return f'Did you mean "{next(item for item in known if item.casefold() == close[0])}"?'
    return f"It has: {', '.join(known)}." if 0 < len(known) <= 30 else None
