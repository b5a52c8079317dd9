"""No process outlives the service, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.processes import all_end

SERVICE = """
import asyncio, json, sys
from pathlib import Path
from coverplan.process.job import Job
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings

async def main():
    async with SolverPool(Settings(slots=1, work_dir=Path(sys.argv[1])), "trial_jobs") as pool:
        steps = [["sleeper", sys.argv[2]], ["sleep", 60]]
        job = Job("solve", json.dumps({"steps": steps}).encode(), 60.0)
        await pool.run(job, lambda news: print(news["pid"], flush=True))

asyncio.run(main())
"""


def test_children_and_their_children_die_with_the_service(tmp_path: Path) -> None:
    """The service is killed with SIGKILL in the middle of a job."""
    pid_file = tmp_path / "sleeper"
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(tmp_path / "work"), str(pid_file)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    child = int(service.stdout.readline())
    while not pid_file.exists() or not pid_file.read_text():
        time.sleep(0.02)
    sleeper = int(pid_file.read_text())

    service.send_signal(signal.SIGKILL)
    service.wait()
    service.stdout.close()

    assert all_end(child, sleeper)
