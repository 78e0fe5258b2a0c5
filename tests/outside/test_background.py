"""What the store does in the background goes on, however late it gets the processor."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api import Api, succeeded
from waiting import until

# So many calls, each of so many timers, each of so many bytes: more commits than fjall's workers can have waiting, and
# more bytes than one journal holds. Two callers at once: more would share commits.
COMMITS, TIMERS, PADDING = 4_000, 10, 2_500


def worker_threads(process):
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [task.name for task in tasks if (task / "comm").read_text().startswith("fjall")]


def test_the_store_writes_out_what_has_come_in_while_its_workers_had_to_wait(start_server):
    server = start_server()
    workers = worker_threads(server.process.pid)
    assert workers
    busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    try:
        for worker in workers:
            subprocess.run(["chrt", "--idle", "--pid", "0", worker], check=True, timeout=10)
        timers = [{"duration": "1d", "metadata": {"padding": "x" * PADDING}}] * TIMERS
        api = Api(server.url, server.key)
        with ThreadPoolExecutor(2) as callers:
            for answer in callers.map(lambda _: api.post("/timers/batch", {"timers": timers}), range(COMMITS)):
                succeeded(answer)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    first = server.folder / "data" / "store" / "0.jnl"
    until(lambda: not first.exists(), within=60, promise="the first journal is written out and deleted")
