"""`python -m coverplan.verify PROBLEM POLICY PLAN`: the check by itself, on JSON files as they are.

Nothing but Python and numpy is needed: what is left out of a document has the verifier's own defaults.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from coverplan.verify.verification import Verification, verify

VERIFIED, NOT_VERIFIED, BAD_INPUT = 0, 1, 2
DEFAULT = "-"
SHOWN = 50


def main(arguments: list[str] | None = None) -> int:
    """Check, print what was found, and answer with the exit code."""
    given = _parser().parse_args(arguments)
    try:
        problem, policy, plan = (_document(name) for name in (given.problem, given.policy, given.plan))
        if problem is None or plan is None:
            raise ValueError("only the policy may be left out")
        found = verify(problem, policy, plan)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        print(f"cannot be read: {reason}. `coverplan validate` says what is wrong with a problem.", file=sys.stderr)
        return BAD_INPUT
    if given.json:
        print(json.dumps(found.document(), indent=1))
    else:
        print(*_report(found), sep="\n")
    return VERIFIED if found.ok else NOT_VERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m coverplan.verify",
        description="Recompute what a plan claims: feasibility, every row, ledger, objective, and the bound that its "
        "prices prove.",
        epilog="Exit codes: 0 verified; 1 not verified; 2 bad input.",
    )
    parser.add_argument("problem", help="JSON file")
    parser.add_argument("policy", help=f"JSON file; {DEFAULT} for the default policy")
    parser.add_argument("plan", help="JSON file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _document(name: str) -> dict[str, Any] | None:
    if name == DEFAULT:
        return None
    found = json.loads(Path(name).read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no JSON object")
    return found


def _report(found: Verification) -> Iterator[str]:
    """What was recomputed, and what does not hold."""
    for (term, rule), value in (found.terms or {}).items():
        yield f"{term + (f': {rule}' if rule else ''):<40} {value:>20,.2f}"
    if found.objective is not None:
        yield f"{'objective':<40} {found.objective:>20,.2f}"
    if found.bound is not None:
        yield f"{'no plan is worth more than':<40} {_cents_up(found.bound):>20,.2f}"
    for failure in found.failures[:SHOWN]:
        yield f"wrong: {failure.message} [{failure.code}]"
    if len(found.failures) > SHOWN:
        yield f"and {len(found.failures) - SHOWN:,} more"
    yield "Verified." if found.ok else f"Not verified: {len(found.failures):,} claims do not hold."


def _cents_up(value: float) -> Decimal:
    """A bound, rounded up and never to nearest."""
    return Decimal(repr(float(value))).quantize(Decimal("0.01"), ROUND_CEILING)


if __name__ == "__main__":
    sys.exit(main())
