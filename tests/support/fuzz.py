"""Schemathesis on a real service with a worker and a key: `python -m support.fuzz [OPTIONS OF SCHEMATHESIS]`.

Without options: all phases on all operations, then the calls that follow each other once more. What these try depends
on the ids that the service makes: a round of them ends when a call cannot be repeated, and is begun again until its
time is over.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from coverplan.payload.keys import Scope
from support.api_keys import new_key
from support.service import service

ROOT = Path(__file__).parents[2]
LONGEST_SOLVE_S = 60
CHAINS = ("--phases", "stateful", "--max-time", "300")
ROUNDS = (
    (),
    CHAINS,
    (*CHAINS, "--include-path-regex", "^/v1/runs"),  # among all operations, schemathesis begins with others only
    (*CHAINS, "--include-path-regex", "^/v1/experiments"),
    (*CHAINS, "--include-path-regex", "^/v1/batches"),
)


def fuzz(
    folder: Path, *options: str, with_worker: bool = True, captured: bool = True, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """What schemathesis, run with these options on a new service, came to."""
    secret = new_key(f"sqlite:///{folder / 'data' / 'coverplan.db'}", scopes=tuple(Scope), requests_per_minute=10**6)
    settings = {"max_time_limit_s": LONGEST_SOLVE_S, "max_webhooks": 10**6, "max_keys": 10**6}
    with service(folder, with_worker=with_worker, **settings) as running:
        command = [str(Path(sys.executable).parent / "schemathesis"), "run", *options]
        return subprocess.run(
            [*command, "-H", f"Authorization: Bearer {secret}", f"{running.url}/openapi.json"],
            cwd=ROOT,
            capture_output=captured,
            text=True,
            timeout=timeout,
            check=False,
        )


def main(*options: str) -> int:
    """Run these options, or all rounds; 0 where nothing is found."""
    found = False
    for chosen in [options] if options else ROUNDS:
        with tempfile.TemporaryDirectory() as folder:
            found |= fuzz(Path(folder), *chosen, captured=False).returncode != 0
    return int(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
