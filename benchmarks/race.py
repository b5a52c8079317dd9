"""Run one contender in a process group of its own: a limit on its time, the peak memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import recorder

ROOT = Path(__file__).resolve().parents[1]
LOAD_S = 900.0
"""What loading a problem may take before the clock starts."""
POLL_S = 0.1


@dataclass(frozen=True)
class Raced:
    """How a process ended."""

    code: int | None
    """Exit code; None when it was killed at the end of its grace."""
    seconds: float
    """From the start of the process to its end."""
    peak_memory_mb: float
    last_words: str


def grace(seconds: float) -> float:
    """How long after its limit a contender may still answer."""
    return 10.0 + 0.25 * seconds


def race(command: list[str], out: Path, seconds: float, cwd: Path = ROOT) -> Raced:
    """Run the command, which records into `out`, until it ends or its limit and grace are over."""
    out.mkdir(parents=True, exist_ok=True)
    (out / recorder.TRACE).unlink(missing_ok=True)
    (out / recorder.CHOICE).unlink(missing_ok=True)
    began = time.monotonic()
    with (out / "log").open("w+b") as log:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            code, peak = _watch(process, out / recorder.TRACE, seconds)
            took = time.monotonic() - began
        finally:
            _kill(process)
        log.seek(0)
        words = log.read()[-2_000:].decode(errors="replace")
    return Raced(code, took, peak / 2**20, words)


def _watch(process: subprocess.Popen[bytes], trace: Path, seconds: float) -> tuple[int | None, int]:
    """Exit code and peak memory in bytes."""
    tree, peak = psutil.Process(process.pid), 0
    launched = time.monotonic()
    started: float | None = None
    while True:
        asked = time.monotonic()
        peak = max(peak, memory(tree))
        now = time.monotonic()
        if started is None and trace.exists() and trace.stat().st_size:
            started = now
        over = now - launched > LOAD_S if started is None else now - started > seconds + grace(seconds)
        if over:
            return None, peak
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Reading the memory of large processes takes time of theirs: at most a twentieth.
            return process.wait(max(POLL_S, 20 * (now - asked))), peak


def memory(tree: psutil.Process) -> int:
    """Bytes that the process and its children occupy; what they share counts once where the system tells."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in [tree, *tree.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                full = process.memory_full_info()
                total += int(getattr(full, "pss", full.rss))
    return total


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, also what a contender left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def python_of(requirements: tuple[str, ...] | None, name: str, cache: Path) -> str:
    """The Python to run a contender with: this one, or that of an environment made for it once in the cache.

    Raises:
        subprocess.CalledProcessError: what it requires cannot be installed; `stderr` says why.
    """
    if requirements is None:
        return sys.executable
    folder = cache / "environments" / name
    python, mark = folder / "bin" / "python", folder / "requirements.txt"
    if not mark.exists() or mark.read_text() != "\n".join(requirements):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, text=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        subprocess.run(install, check=True, capture_output=True, text=True)
        mark.write_text("\n".join(requirements))
    return str(python)
