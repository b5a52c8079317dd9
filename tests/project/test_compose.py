"""`compose.yaml`: what can be said of it without a container engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from coverplan.settings import Settings
from support.command import call

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]


def test_postgres_one_api_and_three_workers_share_a_database_and_blobs() -> None:
    assert set(SERVICES) == {"postgres", "api", "worker"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 3
    shared = ("COVERPLAN_DATABASE_URL", "COVERPLAN_BLOB_URL")
    assert {SERVICES["api"]["environment"][name] == SERVICES["worker"]["environment"][name] for name in shared} == {
        True
    }
    assert SERVICES["api"]["volumes"] == SERVICES["worker"]["volumes"]


def test_passwords_come_from_outside_and_must_be_given() -> None:
    words = re.findall(r"PASSWORD:\s*(.+)", TEXT)

    assert len(words) == 2
    assert all(word.startswith("${POSTGRES_PASSWORD:?") for word in words)


def test_only_loopback_is_published() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(ports) == 1
    assert ports[0].startswith("127.0.0.1:")


@pytest.mark.parametrize("name", ["api", "worker"])
def test_settings_and_commands_are_ones_that_exist(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values as they are when nothing but the password is given."""
    known = {f"COVERPLAN_{field.upper()}" for field in Settings.model_fields}
    environment = {key: _filled(value) for key, value in SERVICES[name]["environment"].items()}
    assert {key for key in environment if key.startswith("COVERPLAN_")} <= known
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert Settings().webhook_allow == ["public"]
    command, *options = SERVICES[name]["command"]
    told = call(command, "--help").stdout
    assert all(option in told for option in options if option.startswith("--"))


@pytest.mark.parametrize("name", ["api", "worker"])
def test_containers_write_nothing_but_their_volumes_and_take_no_more_than_they_may(
    name: str,
) -> None:
    """The work folder is that of the image, so that the volume has its owner; children of all slots fit in."""
    service, dockerfile = SERVICES[name], (ROOT / "Dockerfile").read_text()
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    assert "/scratch" in service["volumes"]
    assert "COVERPLAN_WORK_DIR=/scratch" in dockerfile
    assert re.search(r"^VOLUME .*/scratch$", dockerfile, re.MULTILINE)
    limits = service["deploy"]["resources"]["limits"]
    assert limits["pids"] > 0
    slots = _filled(service["command"][-1] if name == "worker" else service["environment"]["COVERPLAN_SLOTS"])
    most = int(_filled(limits["memory"]).removesuffix("g")) * 1024
    assert int(slots) * Settings().memory_limit_mb + 1024 <= most


@pytest.mark.parametrize("name", ["postgres", "worker"])
def test_services_say_whether_they_are_well(name: str) -> None:
    """The API has the health check of its image."""
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_the_volume_is_where_the_image_keeps_its_state() -> None:
    """A folder that the image's user owns: a new volume takes its owner from it."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    folder = SERVICES["api"]["volumes"][0].split(":")[1]

    assert f"VOLUME {folder}" in dockerfile
    assert f"COVERPLAN_DATA_DIR={folder}" in dockerfile
    assert SERVICES["api"]["environment"]["COVERPLAN_BLOB_URL"].startswith(f"file://{folder}/")


def _filled(value: str) -> str:
    """`${NAME:-default}` as its default, `${NAME:?...}` as some word."""
    return re.sub(r"\$\{\w+:-(.*)\}", r"\1", re.sub(r"\$\{\w+:\?[^}]*\}", "word", value))
