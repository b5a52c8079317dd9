"""References by id: who exists, what is close to a wrong id, what runs in circles."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from coverplan.payload.issues import IssueReport, clip, pointer

Entity = tuple[str, str | None]

MAX_COMPARED = 1000
MAX_SUGGESTED = 20
MAX_SHOWN = 10


@dataclass
class References:
    """Checks references into a report; `at` is the pointer of the document."""

    report: IssueReport
    at: str
    suggested: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def known(
        self, code: str, name: str | None, names: Collection[str], path: Sequence[str | int], entity: Entity | None
    ) -> bool:
        """Whether the name is null or exists; else an issue of that code."""
        if name is None or name in names:
            return True
        if self.report.wants("error"):
            place = pointer(self.at, path)
            self.report.add(code, place, value=name, entity=entity, suggestion=self._close(code, name, names))
        else:
            self.report.count(code, 1)
        return False

    def all_known(
        self, code: str, listed: Sequence[str], names: Collection[str], path: Sequence[str | int], entity: Entity | None
    ) -> None:
        """Check a list of references: each exists and stands there once."""
        seen: set[str] = set()
        for place, name in enumerate(listed):
            if self.known(code, name, names, [*path, place], entity) and name in seen:
                self.report.add("repeated_reference", pointer(self.at, [*path, place]), value=name, entity=entity)
            seen.add(name)

    def unique(self, kind: str, ids: Iterable[str], path: Sequence[str | int]) -> set[str]:
        """The ids, after reporting those that are used twice."""
        seen: set[str] = set()
        for place, name in enumerate(ids):
            if name in seen:
                at = pointer(self.at, [*path, place, "id"])
                self.report.add("duplicate_id", at, value=name, entity=(kind, name), kind=kind)
            seen.add(name)
        return seen

    def no_cycle(
        self, code: str, ids: Sequence[str], parents: Sequence[str | None], path: Sequence[str | int], name: str
    ) -> None:
        """Report every circle of parents once, at its first member."""
        place = {own: row for row, own in reversed(list(enumerate(ids)))}
        above = [-1 if parent is None else place.get(parent, -1) for parent in parents]
        state = [0] * len(ids)
        for start in range(len(ids)):
            trail, row = [], start
            while row >= 0 and state[row] == 0:
                state[row] = 1
                trail.append(row)
                row = above[row]
            if row >= 0 and state[row] == 1:
                self._report_cycle(code, ids, trail[trail.index(row) :], path, name)
            for done in trail:
                state[done] = 2

    def _report_cycle(
        self, code: str, ids: Sequence[str], circle: list[int], path: Sequence[str | int], name: str
    ) -> None:
        first = circle.index(min(circle))
        circle = circle[first:] + circle[:first]
        shown = (
            [ids[row] for row in circle[:MAX_SHOWN]] + (["..."] if len(circle) > MAX_SHOWN else []) + [ids[circle[0]]]
        )
        place = pointer(self.at, [*path, circle[0], name])
        own = ids[circle[0]]
        self.report.add(code, place, value=own, entity=(code.removesuffix("_cycle"), own), path=" > ".join(shown))

    def _close(self, code: str, name: str, names: Collection[str]) -> str | None:
        """A close match, for the first few wrong names and moderate numbers of right ones."""
        key = (code, name)
        if key not in self.suggested:
            few = len(self.suggested) < MAX_SUGGESTED and len(names) <= MAX_COMPARED
            close = _closest(name, names) if few else None
            self.suggested[key] = f'Did you mean "{clip(close)}"?' if close else None
        return self.suggested[key]


def _closest(name: str, names: Collection[str]) -> str | None:
    """The name that differs by case and blanks around it only, else a similar one."""
    folded = name.strip().casefold()
    same = [one for one in names if one.strip().casefold() == folded]
    return min(same) if same else next(iter(difflib.get_close_matches(name, names, n=1)), None)
