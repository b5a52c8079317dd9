"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import ablation, figures
from benchmarks.contender import OWN
from benchmarks.phases import (
    MISSING,
    Measure,
    Reference,
    bound,
    ended,
    first_plan,
    gap_at,
    growth,
    memory,
    primal,
    primal_integral,
    share,
)
from benchmarks.phases import seconds as in_seconds
from benchmarks.registry import ALL, instances
from benchmarks.rows import Results, Row
from benchmarks.summary import Ratio, ratios, references
from coverplan.mip.program import gap

ORDER = (OWN, *ALL)
NAMES = {
    OWN: "Coverplan",
    "highs": "HiGHS",
    "highs_native": "HiGHS (highspy)",
    "cp_sat": "CP-SAT",
    "scip": "SCIP",
    "cbc": "CBC",
    "waterfall": "waterfall",
    "b2b_territory_optimization": "b2b-territory-optimization",
}
DETAILS: tuple[Measure, ...] = (
    first_plan.MEASURE,
    *gap_at.MEASURES,
    gap_at.FINAL,
    primal.MEASURE,
    bound.MEASURE,
    primal_integral.MEASURE,
    ended.MEASURE,
    ended.LOADING,
    memory.MEASURE,
)
COMPARED = (primal.MEASURE, primal_integral.MEASURE, first_plan.MEASURE, memory.MEASURE)


def document(results: Results, folder: Path) -> str:
    """The whole page."""
    place = {instance.name: number for number, instance in enumerate(instances())}
    rows = sorted(
        results.rows, key=lambda row: (place.get(row.instance, len(place)), row.limit_s, ORDER.index(row.contender))
    )
    parts = ["# Measured", _about(results.about), _earlier(results), "## Every instance", _overview(rows)]
    parts += ["## Coverplan and each peer", _ratios(rows), "## Growth with size", _growth(rows)]
    switched = ablation.read(folder)
    if switched:
        parts += ["## What each part of the engine is worth", ablation.table(switched)]
    service = figures.read(folder)
    if service:
        parts += ["## The service around the solver", figures.table(service)]
    parts += ["## All numbers", _details(rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def grid(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [_row(head), _row(["---", *["--:"] * (len(head) - 1)])]
    return "\n".join([*lines, *(_row(cells) for cells in body)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _about(about: dict[str, Any]) -> str:
    if not about:
        return "Nothing was measured yet."
    machine = about["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    own = [
        requirement for packages in about.get("peers", {}).values() for requirement in packages if "==" in requirement
    ]
    return (
        f"{about['date']}, commit {about['commit']}. {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}, Python {about['python']}; {versions}"
        f"{', '.join(['', *own])}.\n\n"
        "Contenders take turns on each instance, each in a process of its own, on the same arrays. Every plan is "
        "recounted by Coverplan's ledger, Coverplan's own are checked by `coverplan verify`, its bounds are those that "
        "the certificate or branch and bound proves. Compare within a line: seconds are this machine's."
    )


def _earlier(results: Results) -> str:
    """How many rows other code than the last measured."""
    old = sum(row.code != results.about.get("code") for row in results.rows)
    return f"{old} of the {len(results.rows)} rows were measured with an earlier version of the code." if old else ""


def _groups(rows: Sequence[Row]) -> dict[tuple[str, float], list[Row]]:
    """Rows by instance and limit."""
    found: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        found.setdefault((row.instance, row.limit_s), []).append(row)
    return found


def _overview(rows: Sequence[Row]) -> str:
    """One line per instance, one column per contender: what it proved of its plan, and when it ended."""
    shown = [name for name in ORDER if any(row.contender == name for row in rows)]
    known, body = references(rows), []
    for (instance, limit), group in _groups(rows).items():
        cells = []
        for name in shown:
            mine = sorted((row for row in group if row.contender == name), key=_worth)
            cells.append(overview_cell(mine[len(mine) // 2], known[instance]) if mine else "")
        body.append([f"{instance}, {limit:g} s", *cells])
    return grid(["instance, time limit", *(NAMES[name] for name in shown)], body)


def _worth(row: Row) -> float:
    return float("inf") if row.objective is None else -row.objective


def overview_cell(row: Row, reference: Reference) -> str:
    """Proven and when; else the proven gap, and for instances of the literature the distance to the best known."""
    if row.objective is None:
        return "no plan" if row.status == "killed" else row.status
    time = "" if row.seconds is None else f", {in_seconds(row.seconds)}"
    if row.status == "optimal":
        return f"proven{time}"
    off = None if row.best_known is None else max(0.0, row.best_known - row.objective) / abs(row.best_known)
    known = [] if off is None else ["best known" if off == 0 else f"{share(off)} off best known"]
    proven = [] if row.gap is None else [f"gap {share(row.gap)}"]
    if row.gap is None and off is None and reference.bound is not None:
        return f"{share(primal.of(row, reference) or 0.0)} below the best bound"
    return ", ".join([*known, *proven] or ["a plan"]) + (time if row.gap is not None else "")


def _ratios(rows: Sequence[Row]) -> str:
    """Each peer over Coverplan, paired run by run."""
    found: dict[str, list[Ratio]] = {}
    for measure in COMPARED:
        for ratio in ratios(rows, measure):
            found.setdefault(ratio.peer, []).append(ratio)
    head = ["peer over Coverplan", "runs", "plan worse / better"]
    head += [measure.title for measure in COMPARED]
    body = []
    for peer, of_peer in found.items():
        first = of_peer[0]
        numbers = [MISSING if ratio.ratio is None else f"{ratio.ratio:.2f}" for ratio in of_peer]
        body.append([NAMES[peer], str(first.runs), f"{first.worse} / {first.better}", *numbers])
    note = (
        "Shifted geometric means of the ratios, paired by instance and repetition, where both have a plan that holds."
    )
    return f"{note}\n\n{grid(head, body)}" if body else ""


def _growth(rows: Sequence[Row]) -> str:
    """Coverplan on the plain books, by size."""
    own = [row for row in rows if row.contender == OWN and growth.is_plain_book(row)]
    body = []
    for row in sorted(own, key=lambda row: (row.pairs, row.limit_s)):
        reached, first = growth.answered(row), first_plan.MEASURE.cell(row, references([row])[row.instance])
        certified = gap(row.objective, row.certificate_bound)[0]
        body.append(
            [
                f"{row.accounts:,} x {row.reps:,}",
                f"{row.pairs:,}",
                first,
                MISSING if reached is None else in_seconds(reached),
                MISSING if row.gap is None else share(row.gap),
                MISSING if certified is None else share(certified),
                MISSING if row.seconds is None else in_seconds(row.seconds),
                MISSING if row.load_seconds is None else in_seconds(row.load_seconds),
                MISSING if row.all_seconds is None else in_seconds(row.all_seconds),
                MISSING if row.verify_seconds is None else in_seconds(row.verify_seconds),
                MISSING if row.peak_memory_mb is None else memory.text(row.peak_memory_mb),
            ]
        )
    head = ["accounts x reps", "pairs", "first plan", "gap of 1 % after", "gap", "certificate's gap"]
    return grid([*head, "seconds", "loading", "file to file", "verifying", "memory"], body) if body else ""


def _details(rows: Sequence[Row]) -> str:
    """Every row under every measure."""
    known = references(rows)
    head = ["instance", "contender", "run", "objective", *(measure.title for measure in DETAILS), "checked"]
    body = []
    for group in _groups(rows).values():
        for row in sorted(group, key=lambda row: (row.repetition, ORDER.index(row.contender))):
            worth = row.status if row.objective is None else f"{row.objective:,.0f}"
            checked = {True: "verified", False: "NOT VERIFIED", None: "recounted" if row.objective is not None else ""}
            cells = [measure.cell(row, known[row.instance]) for measure in DETAILS]
            body.append(
                [row.instance, NAMES[row.contender], str(row.repetition + 1), worth, *cells, checked[row.verified]]
            )
    remarks = [f"- {row.instance}, {NAMES[row.contender]}: {row.notes[0]}" for row in rows if _remarkable(row)]
    table = f"<details><summary>{len(rows)} rows</summary>\n\n{grid(head, body)}\n\n</details>"
    return "\n\n".join([table, "\n".join(dict.fromkeys(remarks))]).strip() if rows else ""


def _remarkable(row: Row) -> bool:
    return bool(row.notes) and row.status in {"not expressible", "not available", "crashed"}
