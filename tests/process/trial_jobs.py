"""Jobs that behave badly on request, to see what the pool makes of a real process that does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from coverplan import room
from coverplan.process import channel
from coverplan.process.channel import NothingKeptError, Order

_hoard: list[bytearray] = []


def warm_up() -> None:
    """Nothing to import."""


def _request(order: Order) -> Any:
    return json.loads((order.folder / channel.REQUEST_FILE).read_bytes())


def _leave(order: Order, result: Any) -> None:
    room.write(lambda: (order.folder / channel.RESULT_FILE).write_text(json.dumps(result)))


def solve(order: Order) -> None:
    """Announce progress, keep the request as the incumbent, then do what the request says."""
    request = _request(order)
    time.sleep(request.get("load_s", 0.0))
    order.answers.send(channel.PROGRESS, progress={"t": 0.0, "phase": "trial", "pid": os.getpid()})
    if request.get("keep"):
        (order.folder / "incumbent").write_text(json.dumps(request["keep"]))
    for step in request["steps"]:
        if step[0] == "done":
            order.answers.send(channel.PROGRESS, progress={"t": 0.0, "phase": "done"})
            continue
        ACTIONS[step[0]](*step[1:])
    _leave(order, {"pid": os.getpid(), "answer": request.get("answer")})


def finish(order: Order) -> None:
    """Answer with the incumbent."""
    incumbent = order.folder / "incumbent"
    if not incumbent.exists():
        raise NothingKeptError
    _leave(order, {"kept": json.loads(incumbent.read_text()), "stopped_by": order.stopped_by, "pid": os.getpid()})


def _print(text: str) -> None:
    print(text, flush=True)
    os.write(1, text.encode())
    subprocess.run(["echo", text], check=True)


def _fail(text: str) -> None:
    raise RuntimeError(text)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _start_sleeper(path: str) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(str(sleeper.pid))


def _grow(megabytes: int) -> None:
    _hoard.append(bytearray(os.urandom(1024) * 1024 * megabytes))


def _grow_child(megabytes: int) -> None:
    subprocess.Popen([sys.executable, "-c", f"import time; x = b'1' * ({megabytes} << 20); time.sleep(600)"])


def _until(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.02)


ACTIONS: dict[str, Callable[..., None]] = {
    "sleep": time.sleep,
    "until": _until,
    "print": _print,
    "fail": _fail,
    "die": _die,
    "sleeper": _start_sleeper,
    "grow": _grow,
    "grow_child": _grow_child,
}
JOBS = {"solve": solve, "finish": finish}
