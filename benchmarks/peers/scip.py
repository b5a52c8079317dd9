"""SCIP through OR-Tools MathOpt, by itself on the arrays: no prices, no rounded start."""

from __future__ import annotations

from functools import partial

from benchmarks.peers import alone

run = partial(alone.run, "scip")
