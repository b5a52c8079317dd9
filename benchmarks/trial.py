"""One trial: an instance made ready once, then one contender at a time run on it, and what comes out as a row."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import judge, own, recorder, traces
from benchmarks.contender import ARRAYS, INSTANCE, OWN, requirements_of
from benchmarks.race import Raced, python_of, race
from benchmarks.registry import Instance
from benchmarks.rows import Row, code
from benchmarks.traces import Point
from coverplan.formulation.build import Formulation
from coverplan.mip.program import is_optimal

POLICY = "policy.json"


class Trial:
    """An instance in a folder of the cache, with its documents, arrays and program."""

    def __init__(self, instance: Instance, cache: Path) -> None:
        self.instance = instance
        self.cache = cache
        self.folder = cache / "instances" / instance.slug
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def problem(self) -> Path:
        """The problem, and the files that a contender reads beside it."""
        problem = self.instance.problem(self.cache)
        about = {"problem": str(problem.resolve()), "policy": self.instance.policy, "bulk": self.instance.bulk}
        (self.folder / INSTANCE).write_text(json.dumps(about), encoding="utf-8")
        (self.folder / POLICY).write_text(json.dumps(self.instance.policy), encoding="utf-8")
        return problem

    @cached_property
    def formulation(self) -> Formulation:
        """The program, whose arrays the peers get."""
        formulation = judge.formulation_of(self.problem, self.instance.policy)
        judge.arrays_of(formulation).write(self.folder / ARRAYS)
        return formulation

    def run(self, contender: str, repetition: int, seconds: float) -> Row:
        """Run a contender and judge its plan."""
        out = self.cache / "runs" / self.instance.slug / f"{contender}-{repetition}"
        facts: dict[str, Any] = {
            "instance": self.instance.name,
            "contender": contender,
            "repetition": repetition,
            "limit_s": seconds,
            "relative_gap": self.instance.relative_gap,
            "best_known": self.instance.best_known,
            "code": code(),
            "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            **(self._size() if not self.instance.bulk else {}),
        }
        try:
            python = python_of(requirements_of(contender), contender, self.cache.resolve())
        except subprocess.CalledProcessError as error:
            return Row(**facts, status="not available", notes=(str(error.stderr).strip()[-300:],))
        assert self.problem.exists()
        command = [python, "-m", "benchmarks.contend", contender, str(self.folder.resolve()), str(out.resolve())]
        command += ["--time-limit", str(seconds), "--gap", str(self.instance.relative_gap)]
        raced = race(command, out, seconds)
        facts |= _course(raced, recorder.read(out)) | self._bulk_size(out)
        return self._own(facts, out) if contender == OWN else self._peer(facts, out)

    def _size(self) -> dict[str, int]:
        pairs = self.formulation.pairs
        return {
            "accounts": pairs.instance.n_accounts,
            "reps": pairs.instance.n_reps,
            "pairs": len(pairs.seat),
            "rows": self.formulation.n_rows,
        }

    def _bulk_size(self, out: Path) -> dict[str, int]:
        """The size of a book that is never loaded here: by its tables, and by what the solve says of its program."""
        if not self.instance.bulk:
            return {}
        end = next((event for event in recorder.read(out) if event["event"] == "end"), {})
        heights = {name: pl.scan_parquet(self.problem / f"{name}.parquet") for name in ("accounts", "reps")}
        sizes = {name: int(table.select(pl.len()).collect().item()) for name, table in heights.items()}
        return {**sizes, "pairs": end.get("pairs", 0), "rows": end.get("rows", 0)}

    def _own(self, facts: dict[str, Any], out: Path) -> Row:
        """Coverplan's plan, verified by its own command."""
        plan = out / (own.TABLE if self.problem.is_dir() else own.PLAN)
        if facts["status"] in {"killed", "crashed"} or not facts.pop("presents_plan"):
            return Row(**facts | {"trace": _without_objectives(facts["trace"])})
        verdict = judge.verified(self.problem, self.folder / POLICY, plan)
        facts |= {
            "verified": verdict.ok,
            "verify_seconds": verdict.seconds,
            "certificate_bound": verdict.bound,
            "notes": (*facts["notes"], *verdict.failures),
        }
        row = _concluded(facts, verdict.objective if verdict.ok else None)
        return row if verdict.ok else replace(row, status="not verified")

    def _peer(self, facts: dict[str, Any], out: Path) -> Row:
        """A peer's plan, recounted; what it reached before it was killed counts."""
        facts.pop("presents_plan")
        path = out / recorder.CHOICE
        if not path.exists():
            return Row(**facts | {"trace": _without_objectives(facts["trace"])})
        objective, broken = judge.recount(self.formulation, np.load(path))
        return _concluded(facts | {"notes": (*facts["notes"], *broken)}, objective)


def _course(raced: Raced, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the trace and the process say, before the plan is judged."""
    start = next((event for event in events if event["event"] == "start"), None)
    end = next((event for event in events if event["event"] == "end"), {})
    trace = traces.of_events(events)
    load = traces.loading(events)
    bounds = [point.bound for point in trace if point.bound is not None]
    notes = [str(note) for note in end.get("notes", ())]
    status = str(end.get("status", "no plan"))
    if not end or raced.code != 0:
        status = "killed" if raced.code is None else "crashed"
        notes.append(raced.last_words.strip()[-300:])
    return {
        "status": "no plan" if status in {"no_solution_found", "Time limit reached"} else status,
        "presents_plan": status in {"optimal", "feasible"},
        "bound": bounds[-1] if bounds else None,
        "seconds": end["t"] - load if end else None,
        "all_seconds": round(raced.seconds, 3),
        "load_seconds": start["load_seconds"] + load if start else None,
        "peak_memory_mb": round(max(raced.peak_memory_mb, end.get("peak_memory_mb", 0.0)), 1),
        "method": end.get("method"),
        "notes": tuple(note for note in notes if note),
        "trace": trace,
    }


def _concluded(facts: dict[str, Any], objective: float | None) -> Row:
    """The row of a plan that is worth this much; None: it breaks a hard rule, and so may those before it."""
    trace, bound, status = facts["trace"], facts["bound"], facts["status"]
    if objective is None:
        return Row(**facts | {"status": "breaks hard rules", "trace": _without_objectives(trace)})
    if status not in {"killed", "crashed"}:
        status = "optimal" if bound is not None and is_optimal(objective, bound) else "plan"
    last = trace[-1].t if trace else 0.0
    trace = [*trace, Point(max(last, facts["seconds"] or last), objective, bound)]
    return Row(**facts | {"status": status, "objective": objective, "trace": tuple(traces.thinned(trace))})


def _without_objectives(trace: list[Point]) -> tuple[Point, ...]:
    return tuple(traces.thinned([Point(point.t, None, point.bound) for point in trace]))
