"""Runs the command line as people do: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}


def command_line(*arguments: object) -> list[str]:
    """The words that start a command."""
    return [sys.executable, "-m", "coverplan", *map(str, arguments)]


def run(
    *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code is for the test to judge."""
    return subprocess.run(
        command_line(*arguments),
        cwd=cwd,
        env={**os.environ, **PLAIN, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def write(folder: Path, name: str, document: object) -> Path:
    """A JSON file in the folder."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
