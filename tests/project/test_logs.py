"""Log lines: JSON, with what is bound, without secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from coverplan.logs import masked

PROGRAM = """
import asyncio, logging, structlog
from coverplan import logs

logs.configure("info")
log = structlog.get_logger("ours")

async def told():
    log.info("from a task")

async def main():
    with logs.bound(run_id="run-1", request_id=None):
        await asyncio.create_task(told())
        logging.getLogger("theirs").warning("from %s", "a library")
    log.info("unbound")

asyncio.run(main())
log.info("login", password="hush-1", api_key="hush-2", nested={"secret": "hush-3", "fine": 1},
         url="postgresql://me:hush-4@db/x", header="Authorization: Bearer hush-5.x")
logging.getLogger("httpx").info("POST https://h/?token=hush-6")
try:
    raise ValueError("cannot connect to postgresql://me:hush-7@db/x, signed whsec-hush8")
except ValueError:
    log.exception("failed")
"""


def lines() -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "hush" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_lines_are_json_with_what_is_bound_and_no_secret() -> None:
    found = lines()

    assert [line["event"] for line in found] == ["from a task", "from a library", "unbound", "login", "failed"]
    assert [line.get("run_id") for line in found] == ["run-1", "run-1", None, None, None]
    assert "request_id" not in found[0]
    assert found[3]["nested"] == {"secret": "***", "fine": 1}
    assert "ValueError: cannot connect to postgresql://me:***@db/x" in found[4]["exception"]
    assert {line["level"] for line in found} == {"info", "warning", "error"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket?secret_access_key=abc&region=x", "s3://bucket?secret_access_key=***&region=x"),
        ("https://h/a:b@c", "https://h/a:b@c"),
        ("the key of run-1 is fine", "the key of run-1 is fine"),
    ],
)
def test_secrets_are_told_by_their_form(text: str, shown: str) -> None:
    assert masked(text) == shown
