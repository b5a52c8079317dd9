"""The frame: make targets, locks, the CI entry point and the container's entry command."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from support.ports import free_port

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ;.*)?$")


def pins(lock: str) -> dict[str, set[str]]:
    """Name to versions: one package may be pinned twice, for different Pythons."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if match := PIN.match(line.removesuffix(" \\")):
            found.setdefault(match[1].lower(), set()).add(match[2])
    return found


def dockerfile_list(instruction: str) -> list[str]:
    """The exec-form list after an instruction; the last one counts."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    found: list[str] = json.loads(re.findall(rf"(?m){instruction}\s+(\[.*\])$", text)[-1])
    return found


@pytest.mark.parametrize("target", ["setup", "demo", "serve", "test", "check", "bench", "bench-full"])
def test_make_knows_the_documented_targets(target: str) -> None:
    """Nothing is run: make only says what it would do."""
    result = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr


def test_ci_runs_check_and_test() -> None:
    """One executable script, the same commands that people type."""
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert {"make check", "make test"} <= set(script.read_text().splitlines())


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_are_hashed_and_name_no_host(lock: str) -> None:
    """Every pin carries at least one hash, and no index, path or URL stands in the file."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)

    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "index" not in text


def test_runtime_lock_is_a_part_of_the_development_lock() -> None:
    """What runs in the container is what was tested; highspy clashes with OR-Tools and stays out."""
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")

    assert {name: development.get(name) for name in runtime} == runtime
    assert "pytest" not in runtime
    assert "highspy" not in development


def test_runtime_lock_holds_every_dependency() -> None:
    """Direct dependencies and the build backend."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
    names = {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in wanted}

    assert names <= set(pins("requirements.lock"))


def test_the_containers_command_serves_and_is_healthy_and_stops(tmp_path: Path) -> None:
    """Entry point, command and health check of the Dockerfile, run here on a free port; it needs a key first."""
    port = str(free_port())
    entry = dockerfile_list("ENTRYPOINT")
    arguments = [port if word == "8000" else word for word in dockerfile_list("CMD") if word != "python"]
    health = [word.replace(":8000/", f":{port}/") for word in dockerfile_list("HEALTHCHECK.*CMD")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COVERPLAN_DATA_DIR": str(tmp_path / "data")}
    refused = subprocess.run([*entry, *arguments], env=environment, capture_output=True, check=False, text=True)
    first = ["keys", "create", "--tenant", "main", "--name", "first", "--scope", "read"]

    assert refused.returncode == 2
    assert "coverplan keys create" in refused.stderr
    subprocess.run([*entry, *first], env=environment, capture_output=True, check=True)
    with (tmp_path / "log").open("w+") as log:
        service = subprocess.Popen([*entry, *arguments], env=environment, cwd=tmp_path, stdout=log, stderr=log)
        try:
            assert _answers(f"http://127.0.0.1:{port}/healthz", service), (tmp_path / "log").read_text()
            assert subprocess.run(health, env=environment, check=False).returncode == 0
        finally:
            service.send_signal(signal.SIGTERM)
        assert service.wait(20) in {0, -signal.SIGTERM}
    assert subprocess.run(health, env=environment, capture_output=True, check=False).returncode != 0


def _answers(url: str, service: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    return False
