"""What a contender's plan is worth: recounted by the ledger, and Coverplan's own verified by code that shares nothing.

Peers give a column per unit; the ledger counts it from the documents, whatever the peer says. Coverplan's plan
document goes through `coverplan verify`, in a process of its own, which recomputes ledger, rules and certificate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.arrays import Arrays, Ints
from coverplan.domain.book import Book
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import to_program
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.payload.outcome import request_of
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.runs.run import Request, formulate
from coverplan.tables.bulk.read import read_book

VERIFY_S = 3_600.0


@dataclass(frozen=True)
class Verdict:
    """Whether a plan holds, and its recomputed numbers."""

    ok: bool
    seconds: float
    objective: float | None
    bound: float | None
    failures: tuple[str, ...]


def formulation_of(problem: Path, policy: dict[str, object]) -> Formulation:
    """The program of the documents."""
    return formulate(request_of_documents(problem, policy, Options()))


def request_of_documents(problem: Path, policy: dict[str, object], options: Options) -> Request:
    """What the engine is asked to solve."""
    rules = Policy.model_validate_json(json.dumps(policy))
    if problem.is_dir():
        instance = read_book(problem).instance
    else:
        instance = to_instance(Problem.model_validate_json(problem.read_bytes()))
    return request_of(Book.of(instance), rules, options, None)


def arrays_of(formulation: Formulation) -> Arrays:
    """The model as every peer gets it."""
    program, pairs = to_program(formulation), formulation.pairs
    matrix = program.matrix
    current = np.zeros(pairs.n_columns, np.bool_)
    current[pairs.column[pairs.is_current]] = True
    return Arrays(
        objective=program.objective,
        offset=np.asarray(program.offset),
        indptr=matrix.indptr.astype(np.int64),
        indices=matrix.indices.astype(np.int64),
        data=matrix.data,
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=program.lower,
        upper=program.upper,
        integer=program.integer,
        unit_start=pairs.unit_start,
        rep=pairs.column_rep.astype(np.int64),
        hours=np.bincount(pairs.column, pairs.hours, pairs.n_columns).astype(np.float64),
        current=current,
        opened=formulation.open_column,
        may_idle=formulation.may_idle,
        revenue=np.bincount(pairs.unit_of_seat, pairs.book.seat_measure("revenue"), pairs.n_units).astype(np.float64),
        capacity=pairs.book.capacity,
    )


def recount(formulation: Formulation, choice: Ints) -> tuple[float | None, tuple[str, ...]]:
    """The objective of a choice, None where it breaks a hard rule or a lock; and what it breaks."""
    covered, account = choice >= 0, ledger(formulation, choice)
    broken = [
        f"{state.rule.id}: {int(state.broken.sum()):,} of {len(state.labels):,} rows broken, "
        f"by {float(state.violation[state.broken].sum()):,.0f} in all"
        for state in account.rules
        if state.rule.penalty is None and state.broken.any()
    ]
    closed = int((~formulation.open_column[choice[covered]]).sum())
    bare = int((~formulation.may_idle[~covered]).sum())
    broken += [f"{closed:,} accounts leave a rep whom they are bound to"] if closed else []
    broken += [f"{bare:,} accounts that must be covered are not"] if bare else []
    return (None if broken else account.objective), tuple(broken)


def verified(problem: Path, policy: Path, plan: Path) -> Verdict:
    """What `coverplan verify` says of a plan file."""
    command = [sys.executable, "-m", "coverplan", "verify", str(problem), str(plan), "--policy", str(policy), "--json"]
    began = time.monotonic()
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=VERIFY_S)
    except subprocess.TimeoutExpired:
        return Verdict(False, time.monotonic() - began, None, None, ("it took too long",))
    seconds = time.monotonic() - began
    try:
        found = json.loads(answer.stdout)
    except json.JSONDecodeError:
        return Verdict(False, seconds, None, None, (answer.stderr.strip()[-500:],))
    failures = tuple(failure["message"] for failure in found["failures"][:5])
    return Verdict(found["ok"], seconds, found["objective"], found["bound"], failures)
