"""The instances: a name, the documents, and how long each contender may take."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.instances import gap
from coverplan.tables.convert import convert
from coverplan.tables.generate import generate

Document = dict[str, Any]
ADVENTUREWORKS = Path(__file__).parent / "instances" / "adventureworks"
TABLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "adventureworks"
CARVE: Document = {
    "name": "carve",
    "constraints": [
        {"kind": "capacity"},
        {"kind": "must_cover"},
        {"kind": "balance", "penalty": 0.2},
        {"kind": "keep_current", "max_moved_share": 0.2},
        {"kind": "protect", "accounts": {"top": 20}},
    ],
}
"""The rules of the generated books."""


@dataclass(frozen=True)
class Instance:
    """One problem under one policy."""

    name: str
    load: Callable[[], tuple[Document, Document]]
    time_limit_s: float
    relative_gap: float = 0.0
    best_known: float | None = None
    """Objective of the best plan in the literature."""


def _gap_instance(name: str) -> Instance:
    best = -float(gap.best_known()[name][1])
    return Instance(f"gap/{name}", lambda: (gap.problem(name), gap.POLICY), 60, best_known=best)


def _book(accounts: int, reps: int, pairs: int, seconds: float) -> Instance:
    def load() -> tuple[Document, Document]:
        return generate(accounts=accounts, reps=reps, pairs=pairs, seed=1), CARVE

    return Instance(f"book/{accounts}x{reps}x{pairs}", load, seconds, relative_gap=1e-4)


def _adventureworks() -> tuple[Document, Document]:
    files = {"accounts": TABLES / "stores.csv", "reps": TABLES / "salespeople.csv"}
    document = convert(files, (ADVENTUREWORKS / "mapping.toml").read_text()).document
    return dict(document), json.loads((ADVENTUREWORKS / "policy.json").read_text())


def instances() -> list[Instance]:
    """All instances that this machine has the data of."""
    found = [_book(85, 35, 35, 30), _book(1_000, 20, 8, 30), _book(20_000, 100, 12, 60)]
    if gap.available():
        names = ["a05100", "a10200", "a20200", "b05100", "c05100", "c10100", "c20100", "e05100", "e10100"]
        found = [*(_gap_instance(name) for name in names), *found]
    if TABLES.is_dir():
        found.append(Instance("adventureworks", _adventureworks, 60, relative_gap=1e-3))
    return found
