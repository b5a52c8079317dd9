"""Measure the frontier of revenue kept against balance on a generated book, and draw frontiers.

    python -m benchmarks.frontier [--accounts N] [--reps M] [--points P] [--out build/frontier]
    python -m benchmarks.frontier --results RESULTS.json --draw FILE.svg

The first solves the points as an experiment of the command line, from the book as a file to the report; the second
draws the frontier of any results document.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, PercentFormatter

from benchmarks.figures import Figure, put
from benchmarks.plots import COLOURS, DIGITS, INK, STYLE
from coverplan.payload.experiments.findings import Frontier
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.tables.generate import generate

OWN = COLOURS["coverplan"]
MILLION = 1e6


def specification(accounts: int, reps: int, points: int) -> dict[str, Any]:
    """Hard hours, and the most revenue net of what moves cost within each tolerance of the fair share."""
    return {
        "name": f"{accounts:,} accounts, {reps} reps: revenue kept against balance",
        "problems": [{"id": "book", "file": "book.json"}],
        "policies": [{"id": "hours", "policy": {"constraints": [{"kind": "capacity"}]}}],
        "options": {"time_limit_s": 60, "relative_gap": 0.001},
        "frontier": {
            "maximise": "net_revenue",
            "points": points,
            "bounds": [{"metric": "balance", "from": 0.1, "to": 0.4}],
        },
        "today": True,
    }


def measured(folder: Path, accounts: int, reps: int, points: int) -> tuple[float, ExperimentResults]:
    """Seconds of the whole command, and what it found."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.json").write_text(json.dumps(generate(accounts, reps, pairs=12, seed=1)), encoding="utf-8")
    spec, out = folder / "experiment.json", folder / f"results-{time.time_ns()}"
    spec.write_text(json.dumps(specification(accounts, reps, points)), encoding="utf-8")
    command = [sys.executable, "-m", "coverplan", "experiment", str(spec), "--out", str(out), "--slots", "1", "--yes"]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    return took, ExperimentResults.model_validate_json((out / "results.json").read_bytes())


def draw(frontier: Frontier, currency: str | None) -> str:
    """Objective over the first bound, each point with what its gap leaves open, as SVG."""
    with mpl.rc_context(STYLE):
        figure = Drawing(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.subplots()
        points = sorted((one for one in frontier.points if one.objective is not None), key=lambda one: one.bounds)
        places = [one.bounds[0] for one in points]
        values = [(one.objective or 0.0) / MILLION for one in points]
        bounds = [(one.dual_bound or one.objective or 0.0) / MILLION for one in points]
        axes.fill_between(places, values, bounds, color=OWN, alpha=0.25, linewidth=0)
        axes.plot(places, values, color=OWN, marker="o", markersize=4)
        axes.plot(places, bounds, color=INK, linewidth=0.8, linestyle="--")
        for one, place, value in zip(points, places, values, strict=True):
            if one.knee:
                axes.annotate("knee", (place, value), (0, -14), textcoords="offset points", ha="center", color=INK)
        for one in frontier.points:
            if one.status == "infeasible":
                axes.axvline(one.bounds[0], color=COLOURS["highs"], linewidth=0.8, linestyle=":")
        axes.set_xlabel(f"largest deviation of a book from its fair share ({frontier.request.bounds[0].measure})")
        axes.set_ylabel(f"{frontier.request.maximise}, {currency or ''} million".replace("_", " "))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.1f}"))
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return DIGITS.sub(r"\1", text.getvalue())


def main() -> None:
    """Measure, or draw what was found before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--reps", type=int, default=100)
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("build/frontier"))
    parser.add_argument("--results", type=Path)
    parser.add_argument("--draw", type=Path)
    given = parser.parse_args()
    if given.results is None:
        took, results = measured(given.out, given.accounts, given.reps, given.points)
        what = f"frontier of {len(results.frontiers[0].points)} points"
        print(f"{what}: {took:.1f} s from the file to the report")
        put(Path("build/bench"), [Figure.of(what, f"{given.accounts}x{given.reps}x12", [took])])
    else:
        results = ExperimentResults.model_validate_json(given.results.read_bytes())
    for one in results.frontiers[0].points:
        print(one.bounds, one.status, one.objective, one.gap, one.seconds)
    if given.draw is not None:
        given.draw.write_text(draw(results.frontiers[0], results.currency), encoding="utf-8")


if __name__ == "__main__":
    main()
