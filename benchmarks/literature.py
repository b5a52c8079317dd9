"""The literature's instances in a few lines: how many of each type a contender solved, and how far off it was."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.phases import share
from benchmarks.rows import Row


def types(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by the type of the instance: the letter that its name begins with."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.best_known is not None:
            found.setdefault(row.instance.split("/")[1][0].upper(), []).append(row)
    return dict(sorted(found.items()))


def off(row: Row) -> float | None:
    """Relative distance to the best known plan; None without a plan."""
    if row.objective is None or row.best_known is None:
        return None
    return max(0.0, row.best_known - row.objective) / abs(row.best_known)


def cell(rows: Sequence[Row]) -> str:
    """What one contender did with the instances of one type."""
    distances = [off(row) for row in rows]
    reached = sum(distance == 0 for distance in distances)
    proven = sum(row.status == "optimal" for row in rows)
    planless = sum(distance is None for distance in distances)
    parts = [f"{reached} of {len(rows)} best known", f"{proven} proven"]
    worst = max((distance for distance in distances if distance is not None), default=0.0)
    parts += [f"at most {share(worst)} off"] if worst > 0 else []
    parts += [f"{planless} without a plan"] if planless else []
    return ", ".join(parts)


def lines(rows: Sequence[Row], contenders: Sequence[str]) -> list[list[str]]:
    """One line per type, one cell per contender; only instances that each of the shown contenders was put to count."""
    body = []
    for letter, of_type in types(rows).items():
        limits = sorted({row.limit_s for row in of_type})
        head = f"GAP type {letter}, {' or '.join(f'{limit:g}' for limit in limits)} s"
        mine = [[row for row in of_type if row.contender == name and row.repetition == 0] for name in contenders]
        body.append([head, *(cell(found) if found else "" for found in mine)])
    return body
