"""A service of a command's own, on a free loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from coverplan.client import Client, CoverplanError

START_S, STOP_S = 30.0, 15.0


@contextmanager
def own_service(log: Path, state: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Its URL; it is stopped at the end, whatever happens, and leaves its log.

    It has the `settings` given and no other, keeps its state in a folder, hears no Ctrl-C and ends with this process.

    Raises:
        CoverplanError: it does not start.
    """
    port = _free_port()
    command = [sys.executable, "-P", "-m", "coverplan", "serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERPLAN_")}
    environment |= {"COVERPLAN_DATA_DIR": str(state), **(settings or {})}
    with log.open("wb") as file:
        service = subprocess.Popen(
            [*command, "--tethered"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_ready(url, service)
        yield url
    finally:
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(STOP_S)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def _await_ready(url: str, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    with Client(url) as client:
        while not client.ready():
            if service.poll() is not None or time.monotonic() > deadline:
                raise CoverplanError("The service did not start.")
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
