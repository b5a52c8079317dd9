"""CP-SAT through its own interface, by itself on the arrays scaled to integers: no prices, no rounded start."""

from __future__ import annotations

from functools import partial

from benchmarks.peers import alone

run = partial(alone.run, "cp_sat")
