"""The servers that are compared, each with the same HTTP call in front and a folder of its own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from tools import KEY, ROOT, free_ports, memory, tree

PEER = ROOT / "benches/peer"
PATIENCE = 120


class Server:
    """A server that can be killed and started again on the same data."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="minoots-bench-"))
        self.processes = []

    def start(self):
        """Starts it, and says how many seconds went by until it answered a creation."""
        begun = time.time()
        self.port, self.inner_port = free_ports(2)
        self.launch()
        while not self._answers():
            ended = any(process.poll() is not None for process in self.processes)
            if ended or time.time() - begun > PATIENCE:
                raise SystemExit(f"{self.name} does not answer:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.002)
        return time.time() - begun

    def run(self, *command, **environment):
        environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
        with open(self.folder / "log", "ab") as log:
            command = [str(part) for part in command]
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)

    def kill(self):
        for process in self.processes:
            for one in tree(process.pid):
                # One that did not start is gone already.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            process.wait()
        self.processes = []

    def memory(self):
        return memory(one for process in self.processes for one in tree(process.pid))

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder)

    def _answers(self):
        body = {"name": "first", "duration": 86_400_000, "events": {"on_expire": {"webhook": "http://127.0.0.1:9/"}}}
        headers = {"x-api-key": KEY, "content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/timers", json.dumps(body).encode(), headers)
        try:
            return urllib.request.urlopen(request, timeout=10).status == 201
        except OSError:
            return False


class Minoots(Server):
    name = "minoots dev"

    def launch(self):
        data = self.folder / "data"
        binary = ROOT / "target/release/minoots"
        self.run(binary, "dev", "--port", self.port, "--data-dir", data, "--api-key", KEY)


class BullMQ(Server):
    """BullMQ on Redis; `fsync` is Redis's `appendfsync`."""

    def __init__(self, fsync):
        super().__init__()
        self.fsync = fsync
        self.name = f"BullMQ, {fsync}"

    def launch(self):
        command = f"redis-server --bind 127.0.0.1 --port {self.inner_port} --appendonly yes --appendfsync {self.fsync}"
        self.run(*command.split(), "--save", "", "--maxmemory-policy", "noeviction", "--dir", self.folder)
        # While Redis reads its file, the peer's commands wait for it.
        self.run("node", PEER / "server.mjs", PORT=self.port, REDIS_PORT=self.inner_port, API_KEY=KEY, CONCURRENCY=100)


class EverySecond(BullMQ):
    def __init__(self):
        super().__init__("everysec")


class Always(BullMQ):
    def __init__(self):
        super().__init__("always")
