"""What the README shows is what a reader gets."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coverplan.cli import COMMANDS
from coverplan.constraints import CATALOGUE
from coverplan.settings import Settings
from support import catalogue
from support.command import call, run
from support.deployment import deployment
from support.service import JSON, service

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = ROOT.parent / "shared" / "data" / "adventureworks"


def _block(language: str, words: str) -> str:
    """The first fenced block of that language with these words in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(next(block for block in blocks if words in block))


def _shown(shown: Any, real: Any) -> Any:
    """The real answer cut down to what is shown of it."""
    if isinstance(shown, dict):
        return {key: _shown(value, real[key]) for key, value in shown.items()}
    if isinstance(shown, list):
        assert len(shown) == len(real)
        return [_shown(value, other) for value, other in zip(shown, real, strict=True)]
    return real


def test_the_call_gives_the_answer_shown(tmp_path: Path) -> None:
    """The body of the curl command, posted to a real service at the path of the command."""
    words = shlex.split(_block("sh", "curl"))
    url, body = words[2], words[words.index("-d") + 1]
    shown = json.loads(_block("json", "solution_status"))
    assert url.startswith(f"localhost:{Settings().port}/")

    with service(tmp_path) as running, running.client() as client:
        answer = client.post(url.partition("/")[2], content=body, headers=JSON)

    assert answer.status_code == 200
    assert _shown(shown, answer.json()) == shown


def _output(program: str) -> str:
    """The block that follows a program."""
    return README.partition(program)[2].partition("```\n")[2].partition("```\n")[2].partition("```")[0]


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=False)


def test_the_library_prints_what_is_shown() -> None:
    """Run as it stands."""
    program = _block("python", "import coverplan\n")

    done = _run(program)

    assert done.stdout == _output(program), done.stderr


def test_the_python_program_prints_what_is_shown(tmp_path: Path) -> None:
    """Run as it stands, but for the port, against a service with a worker."""
    program = _block("python", "client.batches.run")
    with deployment(tmp_path, slots=2) as running:
        done = _run(program.replace("http://127.0.0.1:8000", running.url))

    assert done.stdout == _output(program), done.stderr


def test_the_table_of_rules_and_their_example_are_those_of_the_catalogue() -> None:
    """As `make openapi` writes them."""
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == list(CATALOGUE)
    assert catalogue.readme() == README
    assert catalogue.example() == catalogue.EXAMPLE.read_text(encoding="utf-8")


def test_every_command_and_make_target_exists() -> None:
    commands = re.findall(r"`coverplan ([a-z |\n]+)`, each with", README)[0].replace("\n", " ").split(" | ")
    targets = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert sorted(commands) == sorted(COMMANDS)
    for command in commands:
        assert call(command, "--help").returncode == 0, command
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent: the AdventureWorks tables are no part of the project")
def test_the_two_commands_plan_adventureworks(tmp_path: Path) -> None:
    """As printed, with the files' own folder before their names; the shown moves depend on when the search ended."""
    block = _block("sh", "coverplan convert").replace("\\\n", " ")
    folder = str(ROOT / "benchmarks")
    for line in block.strip().splitlines():
        words = [str(DATA / word) if word in {"stores.csv", "salespeople.csv"} else word for word in shlex.split(line)]
        words = [word.replace("benchmarks", folder, 1) if word.startswith("benchmarks/") else word for word in words]
        done = run(*words[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    assert "701: 701 covered, 0 uncovered" in done.stdout
    proven = re.search(r"proven within ([\d.]+) %", done.stdout)
    assert proven is not None
    assert float(proven[1]) <= 0.5
    assert (tmp_path / "plan.html").stat().st_size > 1_000_000
