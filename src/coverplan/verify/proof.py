"""Does a plan prove what it claims? Certificate, dual bound, gaps and status."""

from __future__ import annotations

from typing import Any

from coverplan.verify.bound import Bound, recompute_bound
from coverplan.verify.evaluation import Judge
from coverplan.verify.findings import Findings, as_number, entries, near


def relative_gap(objective: float | None, bound: float | None) -> tuple[float | None, float | None]:
    """Relative and absolute distance of a bound from the objective; None where one of them is missing."""
    if objective is None or bound is None:
        return None, None
    distance = max(0.0, bound - objective)
    return distance / max(abs(objective), 1e-9), distance


def check_certificate(found: Findings, judge: Judge, certificate: dict[str, Any], objective: float | None) -> Bound:
    """The bound follows from the prices alone, and the objective respects it.

    A bound over the listed pairs cannot be recomputed, since which ones were listed is not told; the same prices prove
    one over all pairs, which is at least as high.
    """
    proven = recompute_bound(judge, entries(certificate, "prices"))
    found.add(proven.failures)
    within, claimed = near(proven.magnitude, unit=proven.size), as_number(certificate.get("bound"))
    scope = certificate.get("scope", "all_admissible")
    if scope == "all_admissible" or claimed is None or claimed > proven.value + within:
        found.number("certificate_differs", "certificate bound", certificate.get("bound"), proven.value, within)
    if scope not in ("all_admissible", "listed"):
        found.say("certificate_scope", f"{scope!r} is no scope")
    if objective is not None:
        if objective > proven.value + within:
            found.say(
                "objective_above_bound",
                f"the objective {objective:.12g} exceeds the bound {proven.value:.12g} that the prices prove",
            )
        expected = relative_gap(objective, as_number(certificate.get("bound")))[0]
        _check_gap(found, "certificate gap", certificate.get("gap"), expected, objective, proven.size)
    return proven


def check_bounds(found: Findings, plan: dict[str, Any], objective: float, proven: Bound | None) -> None:
    """Dual bound, gaps and the word `optimal`, judged at the recomputed objective."""
    certified, unit = (None, 1.0) if proven is None else (proven.value, proven.size)
    bound = as_number(plan.get("dual_bound"))
    if bound is None and plan.get("dual_bound") is not None:
        found.say("dual_bound_differs", f"dual_bound {plan['dual_bound']!r} is no number")
    gap, absolute_gap = relative_gap(objective, bound)
    _check_gap(found, "gap", plan.get("gap"), gap, objective, unit)
    within = near(objective, bound or 0.0, unit=unit)
    found.number("gap_differs", "absolute_gap", plan.get("absolute_gap"), absolute_gap, within)
    source = plan.get("dual_bound_source")
    if bound is None:
        found.same("dual_bound_differs", "dual_bound_source", source, None)
    else:
        if bound < objective - within:
            found.say("dual_bound_below_objective", f"dual_bound {bound:.12g} is below the objective {objective:.12g}")
        if _scope(plan) == "listed":
            found.say("certificate_scope", "a bound over the listed pairs only is no bound on every plan")
        if source not in ("branch_and_bound", "prices"):
            found.say("dual_bound_differs", f"dual_bound_source {source!r} is no source")
        elif source == "prices" and (certified is None or abs(bound - certified) > near(bound, certified, unit=unit)):
            found.say("dual_bound_differs", f"dual_bound {bound:.12g} is not the certificate's bound {certified!r}")
    if plan.get("solution_status") == "optimal":
        hair = max(1e-6 * min(1.0, unit), 1e-9 * abs(objective)) + 1e-12 * abs(objective)
        if bound is None or bound - objective > hair:
            found.say("not_optimal", f"optimal is not proven: objective {objective:.12g}, dual_bound {bound!r}")


def _scope(plan: dict[str, Any]) -> Any:
    certificate = plan.get("certificate")
    return certificate.get("scope") if isinstance(certificate, dict) else None


def _check_gap(found: Findings, what: str, claimed: Any, expected: float | None, objective: float, unit: float) -> None:
    """A relative gap may differ by what the objective may differ by."""
    within = near(objective, unit=unit) / max(abs(objective), 1e-9) + 1e-9 * abs(expected or 0.0)
    found.number("gap_differs", what, claimed, expected, within)
