"""The instances: a name, a problem under a policy, how long each contender may take, and who takes part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.instances import books, gap
from coverplan.tables.convert import convert
from coverplan.tables.generate import Shape

Document = dict[str, Any]
ADVENTUREWORKS = Path(__file__).parent / "instances" / "adventureworks"
TABLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "adventureworks"
QUICK, FULL = "quick", "full"
FEW = ("highs", "cp_sat", "waterfall")
ALL = ("highs", "highs_native", "cp_sat", "scip", "cbc", "waterfall", "b2b_territory_optimization")
QUICK_GAP = {"a20200", "c20100", "d20200", "e10100"}
QUICK_GAP_S = 12.0


@dataclass(frozen=True)
class Instance:
    """One problem under one policy.

    `problem` takes the cache folder and gives the problem's document or folder of tables, making it if need be.
    `peers` and `quick_peers` take part in the full and in the quick selection.
    """

    name: str
    problem: Callable[[Path], Path]
    policy: Document
    time_limit_s: float
    relative_gap: float = 0.0
    tags: frozenset[str] = frozenset({FULL})
    peers: tuple[str, ...] = ALL
    quick_peers: tuple[str, ...] = FEW
    quick_limit_s: float | None = None
    best_known: float | None = None
    """Objective of the best plan in the literature."""
    bulk: bool = False
    """Solved from table to table by the command line, for it never becomes a document."""

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.split("/")[0]

    @property
    def slug(self) -> str:
        """The name as a folder's."""
        return self.name.replace("/", "-")


def _written(cache: Path, name: str, document: Document) -> Path:
    path = cache / "problems" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _gap_instance(name: str) -> Instance:
    quick = {QUICK} if name in QUICK_GAP else set()
    return Instance(
        name=f"gap/{name}",
        problem=lambda cache: _written(cache, name, gap.problem(name)),
        policy=gap.POLICY,
        time_limit_s=60,
        tags=frozenset({FULL, *quick}),
        peers=tuple(peer for peer in ALL if peer != "b2b_territory_optimization"),
        quick_limit_s=QUICK_GAP_S,
        best_known=-float(gap.best_known()[name][1]),
    )


def _book(label: str, shape: Shape, rules: books.Rules, seconds: float, **given: Any) -> Instance:
    return Instance(
        name=f"book/{shape.accounts}x{shape.reps}x{shape.pairs}{label}",
        problem=partial(books.make, shape),
        policy={"name": label.strip("-") or "carve", "constraints": rules},
        time_limit_s=seconds,
        **{"relative_gap": 1e-4, **given},
    )


def _books() -> list[Instance]:
    """Sizes first, then what makes them hard, at a size where every contender finds something to do."""
    quick, large = frozenset({QUICK, FULL}), ("highs", "highs_native", "cp_sat", "waterfall")
    small, medium = Shape(1_000, 20, 8, 1), Shape(20_000, 100, 12, 1)
    tight, loose = Shape(1_000, 20, 8, 1, tightness=0.97), Shape(1_000, 20, 8, 1, tightness=0.8)
    enough = ("highs", "cp_sat", "scip", "cbc", "waterfall")
    return [
        _book("", Shape(85, 35, 35, 1), books.CARVE, 10, tags=quick),
        _book("-tight", tight, books.CARVE, 30, tags=quick, quick_peers=enough),
        _book("", medium, books.CARVE, 60, tags=quick),
        _book("", Shape(100_000, 500, 12, 1), books.CARVE, 180, peers=large),
        _book("", Shape(1_000_000, 5_000, 12, 1), books.CARVE, 900, peers=(), bulk=True),
        _book("-loose", loose, books.CARVE, 30, peers=enough),
        _book("-hard-balance", small, books.HARD_BALANCE, 30, peers=enough),
        _book("-few-moves", small, books.FEW_MOVES, 30, peers=enough),
        _book("-families", small, books.FAMILIES, 30, peers=enough),
        _book("-two-roles", Shape(1_000, 24, 8, 1, roles=2), books.PODS, 30, peers=enough),
        _book("-tight", Shape(20_000, 100, 12, 1, tightness=0.97), books.CARVE, 60, peers=FEW),
        _book("-loose", Shape(20_000, 100, 12, 1, tightness=0.8), books.CARVE, 60, peers=FEW),
        _book("-hard-balance", medium, books.HARD_BALANCE, 60, peers=FEW),
        _book("-families", medium, books.FAMILIES, 60, peers=FEW),
    ]


def _adventureworks(cache: Path) -> Path:
    files = {"accounts": TABLES / "stores.csv", "reps": TABLES / "salespeople.csv"}
    document = convert(files, (ADVENTUREWORKS / "mapping.toml").read_text(encoding="utf-8")).document
    return _written(cache, "adventureworks", dict(document))


def instances() -> list[Instance]:
    """All instances that this machine has the data of, those that say most first."""
    found = _books()
    if TABLES.is_dir():
        policy = json.loads((ADVENTUREWORKS / "policy.json").read_text(encoding="utf-8"))
        tags = frozenset({QUICK, FULL})
        found.insert(2, Instance("adventureworks", _adventureworks, policy, 60, 1e-4, tags, quick_limit_s=15))
    if gap.available():
        found += [_gap_instance(name) for name in gap.best_known()]
    return found


def selected(tag: str, only: list[str] | None = None) -> list[Instance]:
    """The instances with this tag that one of `only` names, or whose name contains it where it is nobody's name."""
    tagged = [instance for instance in instances() if tag in instance.tags]
    names = {instance.name for instance in tagged}

    def wanted(name: str) -> bool:
        return not only or any(part == name if part in names else part in name for part in only)

    return [instance for instance in tagged if wanted(instance.name)]
