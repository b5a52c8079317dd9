"""The independent check of a plan: objective, feasibility and bound recomputed from the documents alone.

It imports the standard library and numpy only and shares no code with what builds and solves the program.
"""

from __future__ import annotations

from coverplan.verify.bound import bound
from coverplan.verify.evaluation import Evaluation, Failure, Judge, breakdown, evaluate_assignment

__all__ = ["Evaluation", "Failure", "Judge", "bound", "breakdown", "evaluate_assignment"]
