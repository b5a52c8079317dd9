"""`coverplan experiment`: a specification with files in, results out; the same cells as by the service."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from coverplan.cli.experiment_spec import read_spec
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.wanted import wanted
from support.cells import cells, submit, tiny_experiment, wait
from support.command import call, command_line, run, write
from support.deployment import TINY, deployment, descendants, slow
from support.service import wait_for

SPEC = """
name = "by files"
accept = ["moved_share <= 0.5"]

[[problems]]
file = "problem.json"

[grid]
file = "policy.json"

[[grid.axes]]
path = "/constraints/[id=balance]/tolerance"
values = [0.1, 0.2]

[options]
time_limit_s = 10
relative_gap = 0
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A specification with its files beside it."""
    write(tmp_path, "problem.json", TINY["problem"])
    write(tmp_path, "policy.json", tiny_experiment([0.1])["grid"]["policy"])
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return path


def _as_json(spec: Path) -> dict[str, Any]:
    """The same as a request of the service, written out."""
    document = tomllib.loads(spec.read_text())
    document["problems"] = [{"problem": TINY["problem"]}]
    document["grid"] = {"policy": tiny_experiment([0.1])["grid"]["policy"], "axes": document["grid"]["axes"]}
    return document


def test_the_command_and_the_service_solve_the_same_cells(spec: Path, tmp_path: Path) -> None:
    """Called twice, it is solved once, although its note was torn; then the same request goes to another service."""
    out = tmp_path / "out"
    first = run("experiment", spec, "--out", out)
    noted = (out / "experiment.json").read_text()
    (out / "experiment.json").write_text("")
    second = call("experiment", spec, "--out", out, "--json")
    with deployment(tmp_path / "service") as running, running.client() as client:
        experiment_id = submit(client, _as_json(spec))
        wait(client, experiment_id)
        keys = {cell["key"] for cell in cells(client, experiment_id)}

    assert first.returncode == 0, first.stderr
    assert "2 policies, at most 2 solves (2 policy), at most " in first.stderr
    assert "balance.tolerance=0.1 (baseline)" in " ".join(first.stdout.split())
    found = json.loads(second.stdout)
    assert (out / "experiment.json").read_text() == noted
    assert json.loads(noted)["experiment_id"] == found["experiment_id"]
    assert {cell["key"] for cell in found["cells"]} == keys
    assert found == json.loads((out / "results.json").read_text())
    assert len(pl.read_parquet(out / "results.parquet")) == len(pl.read_csv(out / "results.csv")) == 2
    assert (out / "report.html").read_text().startswith("<!doctype html>")


def test_a_specification_has_the_cells_of_its_request(spec: Path) -> None:
    """As TOML with files, and as JSON without any."""
    other = spec.with_suffix(".json")
    other.write_text(json.dumps(_as_json(spec)))
    keys = [
        {cell.key for cell in wanted(request, check_experiment(request), {})}
        for request in (read_spec(spec).request, read_spec(other).request)
    ]

    assert keys[0] == keys[1]
    assert len(keys[0]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("values = [0.1, 0.2]", 'values = [0.1, "wide"]'), "spec.toml#/grid/axes/0/values/1"),
        (("[id=balance]", "[id=balanse]"), "balanse"),
        (('file = "problem.json"', 'file = "absent.json"'), "absent.json"),
        (("moved_share <= 0.5", "moved_shre <= 0.5"), "moved_shre"),
        (('name = "by files"', "name = "), "spec.toml"),
        (('file = "policy.json"', 'file = "policy.json"\npolicy = {}'), "exclude each other"),
    ],
)
def test_bad_input_is_named_before_anything_starts(spec: Path, change: tuple[str, str], said: str) -> None:
    """Exit code 2, and the place."""
    spec.write_text(spec.read_text().replace(*change))
    found = call("experiment", spec)

    assert found.returncode == 2
    assert said in found.stderr


def test_what_is_no_address_is_bad_input(spec: Path) -> None:
    """Exit code 2, before anything is tried."""
    found = call("experiment", spec, "--url", "localhost:8000")

    assert found.returncode == 2
    assert "--url localhost:8000" in found.stderr


def test_a_wrong_problem_is_named_with_its_file(spec: Path) -> None:
    write(spec.parent, "problem.json", {**TINY["problem"], "reps": []})
    found = call("experiment", spec)

    assert found.returncode == 2
    assert "problem.json#/reps" in found.stderr


def test_an_interrupt_stops_it(spec: Path, tmp_path: Path) -> None:
    """Exit code 3, nothing is left running, and the folder knows the experiment for the next call.

    Results of another experiment that were there are no longer beside it.
    """
    hard = slow(60)
    write(spec.parent, "problem.json", hard["problem"])
    write(spec.parent, "policy.json", hard["policy"])
    spec.write_text(spec.read_text().replace("time_limit_s = 10", 'time_limit_s = 60\nmethod = "exact"'))
    out = tmp_path / "out"
    out.mkdir()
    (out / "experiment.json").write_text('{"experiment_id": "exp-1", "content": "another"}')
    (out / "results.json").write_text('{"experiment_id": "exp-1"}')
    arguments = command_line("experiment", spec, "--out", out, "--slots", 1)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as command:
        assert command.stderr is not None
        while not re.search("[1-9] running", line := command.stderr.readline()):
            assert line, "it has ended"
        begun = descendants(command.pid)
        command.send_signal(signal.SIGINT)
        rest = command.stderr.read()

    assert command.returncode == 3
    assert "Stopped; the same call goes on from here." in rest
    assert re.fullmatch("exp-[0-9a-f]{28}", json.loads((out / "experiment.json").read_text())["experiment_id"])
    assert [file.name for file in (out / "earlier" / "exp-1").iterdir()] == ["results.json"]
    assert not (out / "results.json").exists()
    assert wait_for(lambda: not any(child.is_running() for child in begun))
