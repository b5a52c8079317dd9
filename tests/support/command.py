"""Runs the command line as people do: in a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from coverplan.cli import main

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


def call(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The same within this process, for commands that end before anything is solved: much faster."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["coverplan", *map(str, arguments)]),
        patch.dict(os.environ, env or {}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            return subprocess.CompletedProcess(sys.argv, int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("a command ends with an exit code")


def write(folder: Path, name: str, document: object) -> Path:
    """A JSON file in the folder."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
