"""The results as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import ablation, figures, literature, traces
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
SHORT = (OWN, "highs", "cp_sat", "scip", "cbc", "waterfall")
PLOTS = {"gap.svg": "The proven gap over time", "growth.svg": "Time and memory over the size of the book"}
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
    rows = _ordered(results.rows)
    parts = ["# Measured", _about(results.about), _earlier(results), _literature(rows)]
    parts += ["## Every instance", _overview(rows)]
    parts += ["## Coverplan and each peer", _ratios(rows), "## Growth with size", _growth(rows)]
    switched = ablation.read(folder)
    if switched:
        parts += ["## What each part of the engine is worth", ablation.table(switched)]
    service = figures.read(folder)
    if service:
        parts += ["## The service around the solver", figures.table(service)]
    parts += ["## All numbers", _details(rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def short(results: Results) -> str:
    """What a reader of the README gets: books and companies line by line, the literature by type, and the plots."""
    rows = _longest(_ordered(results.rows))
    lone = [row for row in rows if row.best_known is None]
    shown = [name for name in ORDER if name in SHORT and any(row.contender == name for row in lone)]
    body = [*_overview_lines(lone, shown), *literature.lines(rows, shown)]
    machine = results.about["machine"]
    intro = (
        f"On {machine['cores']} cores ({machine['processor']}, {machine['memory_gb']} GB), {results.about['date']}, "
        f"commit {results.about['commit']}; contenders take turns on the same arrays, every plan is recounted, "
        "Coverplan's are verified. [All numbers](benchmarks/results/table.md), and "
        "[how they are measured](benchmarks/README.md)."
    )
    head = ["instance, time limit", *(NAMES[name] for name in shown)]
    plots = [f"![{text}](benchmarks/results/{file})" for file, text in PLOTS.items()]
    return "\n\n".join([intro, grid(head, body), *plots])


def _ordered(rows: Iterable[Row]) -> list[Row]:
    """As the registry has the instances, then by limit and contender."""
    place = {instance.name: number for number, instance in enumerate(instances())}

    def key(row: Row) -> tuple[int, str, float, int]:
        return place.get(row.instance, len(place)), row.instance, row.limit_s, ORDER.index(row.contender)

    return sorted(rows, key=key)


def _longest(rows: Sequence[Row]) -> list[Row]:
    """Rows under the longest limit that Coverplan had on their instance."""
    limits: dict[str, float] = {}
    for row in rows:
        if row.contender == OWN:
            limits[row.instance] = max(row.limit_s, limits.get(row.instance, 0.0))
    return [row for row in rows if row.limit_s == limits.get(row.instance)]


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
    return grid(["instance, time limit", *(NAMES[name] for name in shown)], _overview_lines(rows, shown))


def _literature(rows: Sequence[Row]) -> str:
    """The instances of the literature by type."""
    rows = _longest(rows)
    shown = [name for name in ORDER if any(row.contender == name and row.best_known is not None for row in rows)]
    body = literature.lines(rows, shown)
    return "## The literature's instances\n\n" + grid(["type", *(NAMES[name] for name in shown)], body) if body else ""


def _overview_lines(rows: Sequence[Row], shown: Sequence[str]) -> list[list[str]]:
    known, body = references(rows), []
    for (instance, limit), group in _groups(rows).items():
        cells = []
        for name in shown:
            mine = sorted((row for row in group if row.contender == name), key=_worth)
            cells.append(overview_cell(mine[len(mine) // 2], known[instance]) if mine else "")
        body.append([f"{in_words(instance)}, {limit:g} s", *cells])
    return body


def in_words(instance: str) -> str:
    """The name of an instance as people say it."""
    words = re.fullmatch(r"book/(\d+)x(\d+)x(\d+)(?:-(.*))?", instance)
    if words is None:
        return instance.replace("gap/", "GAP ").replace("adventureworks", "AdventureWorks")
    how = "" if words[4] is None else f", {words[4].replace('-', ' ')}"
    return f"{int(words[1]):,} accounts, {int(words[2]):,} reps, {words[3]} each{how}"


def _worth(row: Row) -> float:
    return float("inf") if row.objective is None else -row.objective


def overview_cell(row: Row, reference: Reference) -> str:
    """What was proven and when; where the limit ended it, when the first plan came.

    For instances of the literature also the distance to the best known plan, for heuristics that to the best bound.
    """
    if row.objective is None:
        return "no plan" if row.status == "killed" else row.status
    ended = row.seconds is not None and row.seconds < 0.98 * row.limit_s
    first = traces.first_plan(row.trace)
    time = f", {in_seconds(row.seconds)}" if ended and row.seconds is not None else ""
    if row.status == "optimal":
        return f"proven{time}"
    if not ended and first is not None:
        time = f", first plan {in_seconds(first)}"
    off = literature.off(row)
    if row.gap is None:
        distance = primal.of(row, reference) if off is None else off
        known = "best known" if off is not None else "the best bound"
        return "a plan" if distance is None else f"{share(distance)} off {known}"
    known = "" if off is None else "best known, " if off == 0 else f"{share(off)} off best known, "
    return f"{known}gap {share(row.gap)}{time}"


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
