"""What became of a solve, in words, by the names that documents have for it."""

from __future__ import annotations

BADGES = {
    "optimal": "Optimal",
    "feasible": "Feasible",
    "infeasible": "Infeasible",
    "no_solution_found": "No plan found",
}
"""By solution_status, where there is room for a word or two."""
VERDICTS = {
    "optimal": "No plan is worth more.",
    "infeasible": "No plan keeps all hard rules.",
    "no_solution_found": "No plan was found within the limit; there may be one.",
}
"""By solution_status, as a sentence; what `feasible` means depends on the gap."""
STOPPED = {
    "gap": "the gap asked for was reached",
    "proof": "the proof was complete",
    "listed_pairs": "no better plan is left among the listed pairs",
    "time_limit": "the time limit was reached",
    "work_limit": "the work limit was reached",
    "finished_by_caller": "it was told to finish",
    "shutdown": "the service was asked to stop",
    "cancelled": "it was cancelled",
    "solver_lost": "the solver process was lost",
    "memory_limit": "the memory limit was reached",
}
"""By stopped_by."""
CLOSENESS = {
    "closest": "no plan of this worth is closer to today",
    "no_exchange": "no return, swap or chain of three accounts is closer to today at no loss",
    "cut_short": "time ended before all that costs nothing was undone",
}
"""By the scope of towards_today."""
BOUND_SOURCES = {"prices": "by prices", "branch_and_bound": "by branch and bound"}
"""By dual_bound_source."""
TERMS = {
    "expected_revenue": "expected revenue",
    "relationship_loss": "relationship loss",
    "travel_cost": "travel cost",
    "penalty": "penalty",
}
"""Terms of the objective."""


def verdict(status: str, gap: str | None = None, *, evaluated: bool = False) -> str:
    """`Optimal: no plan is worth more.`

    `gap` is the proven one in words, None where there is none; `evaluated`: nothing was solved for the assignments.
    """
    if evaluated:
        return "All hard rules hold." if status == "feasible" else "Some hard rules are broken."
    if status == "feasible":
        how = "a plan without a proven bound" if gap is None else f"proven within {gap} of the best possible plan"
        return f"{BADGES[status]}: {how}."
    sentence = VERDICTS[status]
    return sentence if status == "no_solution_found" else f"{BADGES[status]}: {sentence[:1].lower()}{sentence[1:]}"


def term_words(term: str, constraint: str | None) -> str:
    """A line of the ledger: `penalty: balance`."""
    return TERMS[term] + (f": {constraint}" if constraint else "")
