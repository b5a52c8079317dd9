"""The independent check of a plan: objective, feasibility and bound recomputed from the documents alone.

It imports the standard library and numpy only and shares no code with what builds and solves the program.
"""

from __future__ import annotations

from coverplan.verify.bound import bound
from coverplan.verify.evaluation import Evaluation, Failure, Judge, breakdown, evaluate_assignment
from coverplan.verify.verification import Verification, verify

__all__ = ["verify", "Verification", "Failure", "evaluate_assignment", "Evaluation", "Judge", "bound", "breakdown"]
