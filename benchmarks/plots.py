"""The plots as SVG: text stays text, and greys and colours that hold on white and on dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmarks import tables
from benchmarks.contender import OWN
from benchmarks.phases import growth, memory
from benchmarks.rows import Row
from benchmarks.traces import Point, first_plan, thinned
from coverplan.mip.program import gap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#7d8590", "#7d859055"
COLOURS = {
    OWN: "#1f883d",
    "highs": "#d1242f",
    "highs_native": "#bf8700",
    "cp_sat": "#218bff",
    "scip": "#a475f9",
    "cbc": "#e16f24",
    "waterfall": "#8c959f",
    "b2b_territory_optimization": "#c96198",
}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "coverplan",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.solid_capstyle": "round",
}
PANELS, STEPS = 4, 14
DIGITS = re.compile(r"(\d\.\d\d)\d+")
"""A hundredth of a point is finer than any screen."""
FROM_S = 0.05
LEAST_GAP = 1e-6
"""Where a proven gap of 0 is drawn."""
SHOWN = ("book/20000x100x12", "book/100000x500x12", "book/1000x20x8-tight", "gap/d20200", "gap/e", "gap/d", "")
"""Instances that the first plot prefers: those on which contenders differ."""


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write the plots for which there are rows."""
    with mpl.rc_context(STYLE):
        figures = {"gap.svg": gap_over_time(rows), "growth.svg": growth_with_size(rows)}
    written = []
    for name, figure in figures.items():
        if figure is not None:
            text = io.StringIO()
            with mpl.rc_context(STYLE):
                figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
            (folder / name).write_text(DIGITS.sub(r"\1", text.getvalue()), encoding="utf-8")
            written.append(folder / name)
    return written


def gap_over_time(rows: Sequence[Row]) -> Figure | None:
    """The proven gap over time, one panel per instance."""
    instances = _chosen(rows)
    if not instances:
        return None
    columns = min(2, len(instances))
    lines = -(-len(instances) // columns)
    figure = Figure(figsize=(4.3 * columns, 0.5 + 2.7 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False)
    for place, (instance, limit) in enumerate(instances):
        axes = panels[place // columns][place % columns]
        _gap_panel(axes, [row for row in rows if (row.instance, row.limit_s) == (instance, limit)], limit)
    for place in range(len(instances), lines * columns):
        panels[place // columns][place % columns].set_visible(False)
    _legend(figure, [row.contender for row in rows if (row.instance, row.limit_s) in instances and _proves(row)])
    return figure


def _chosen(rows: Sequence[Row]) -> list[tuple[str, float]]:
    """Up to four instances, the preferred first, each with its longest limit."""
    limits: dict[str, float] = {}
    for row in rows:
        if row.contender == OWN and _proves(row):
            limits[row.instance] = max(row.limit_s, limits.get(row.instance, 0.0))
    ordered = [name for part in SHOWN for name in sorted(limits, key=len) if name.startswith(part)]
    return [(name, limits[name]) for name in list(dict.fromkeys(ordered))[:PANELS]]


def _proves(row: Row) -> bool:
    return any(point.objective is not None and point.bound is not None for point in row.trace)


def _gap_panel(axes: Axes, rows: Sequence[Row], limit: float) -> None:
    silent = []
    for row in _first_runs(rows):
        if _proves(row):
            times, gaps = steps(row.trace, limit)
            width = 2.4 if row.contender == OWN else 1.5
            axes.step(times, gaps, where="post", color=COLOURS[row.contender], linewidth=width, zorder=2 + width)
        elif first_plan(row.trace) is None and row.status in {"no plan", "killed", "crashed"}:
            silent.append(tables.NAMES[row.contender])
    axes.set(xscale="log", yscale="log", xlim=(FROM_S, limit), title=tables.in_words(rows[0].instance))
    axes.set_ylim(top=min(1.0, axes.get_ylim()[1]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda t, _: f"{t:g} s"))
    _ticks(axes, lambda share: f"{100 * share:g} %")
    if silent:
        axes.text(0.03, 0.04, f"no plan: {', '.join(silent)}", transform=axes.transAxes, fontsize=8.5)


def _ticks(axes: Axes, text: Callable[[float], str]) -> None:
    """Labels at powers of ten, and between them where fewer than three would stand."""
    low, high = axes.get_ylim()
    if high < 300 * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 5 * low else range(1, 10), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: text(number)))
    axes.minorticks_off()


def _first_runs(rows: Sequence[Row]) -> list[Row]:
    return sorted((row for row in rows if row.repetition == 0), key=lambda row: tables.ORDER.index(row.contender))


def steps(trace: Sequence[Point], limit: float) -> tuple[list[float], list[float]]:
    """Times and proven gaps of a trace, kept up to the limit; a gap of 0 is drawn at the lower edge."""
    times, gaps = [], []
    for point in thinned(trace, STEPS):
        proven = gap(point.objective, point.bound)[0]
        if proven is not None:
            times.append(max(point.t, FROM_S))
            gaps.append(max(proven, LEAST_GAP))
    return [*times, max(limit, times[-1])], [*gaps, gaps[-1]]


def growth_with_size(rows: Sequence[Row]) -> Figure | None:
    """Time to an answer and peak memory over the number of pairs."""
    quick, late = growth.curves(rows, growth.answered), growth.curves(rows, growth.unanswered)
    large = growth.curves(rows, lambda row: row.peak_memory_mb if row.objective is not None else None)
    if not quick:
        return None
    figure = Figure(figsize=(8.6, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in late:
        left.plot(*zip(*late[name], strict=True), "x", color=COLOURS[name], markersize=6)
    for axes, found, heading, label, text in (
        (left, quick, "time to a proven gap of 1 %", "pairs (cross: not within the limit)", _seconds),
        (right, large, "peak memory", "pairs", memory.text),
    ):
        for name in (name for name in tables.ORDER if name in found):
            pairs, numbers = zip(*found[name], strict=True)
            axes.plot(pairs, numbers, "o-", color=COLOURS[name], markersize=4, linewidth=2.4 if name == OWN else 1.5)
        axes.set(xscale="log", yscale="log", title=heading, xlabel=label)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: _short(number)))
        _ticks(axes, text)
    _legend(figure, [*quick, *late, *large])
    return figure


def _seconds(number: float) -> str:
    return f"{number:,g} s"


def _short(number: float) -> str:
    return f"{number / 1e6:g} M" if number >= 1e6 else f"{number / 1e3:g} k" if number >= 1e3 else f"{number:g}"


def _legend(figure: Figure, names: Sequence[str]) -> None:
    shown = [name for name in tables.ORDER if name in names]
    handles = [mpl.lines.Line2D([], [], color=COLOURS[name], linewidth=2.4 if name == OWN else 1.5) for name in shown]
    labels = [tables.NAMES[name] for name in shown]
    figure.legend(handles, labels, loc="outside upper left", ncols=max(1, len(shown)), frameon=False, fontsize=9.5)
