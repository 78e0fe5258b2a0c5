"""The load generator and receiver of benches/load, and what /proc says of processes."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOAD = ROOT / "benches/load/target/release/minoots-load"
KEY = "mnt_live_bench"
CONNECTIONS = 32


def free_ports(count):
    """So many different ones: held until all are found."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for unbound in sockets:
            unbound.bind(("127.0.0.1", 0))
        return [unbound.getsockname()[1] for unbound in sockets]


def create(port, count, webhook, connections=CONNECTIONS, **options):
    """Creates timers and returns the load generator's figures; with `ends=True`, each timer's end by its number too."""
    with tempfile.NamedTemporaryFile("r") as file:
        if wants_ends := options.pop("ends", False):
            options["ends"] = file.name
        command = [LOAD, "create", "--to", f"127.0.0.1:{port}", "--key", KEY, "--webhook", webhook]
        command += ["--count", count, "--connections", connections]
        command += [part for name, value in options.items() for part in (f"--{name}", value)]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=1800)
        if done.returncode or done.stderr:
            raise SystemExit(f"creating {count} timers failed: {done.stderr}")
        figures = json.loads(done.stdout)
        if not wants_ends:
            return figures
        lines = (line.split() for line in file)
        return figures, {int(number): int(end) for number, end in lines}


class Receiver:
    """Takes webhooks and notes their arrival; a silent one never answers."""

    def __init__(self, silent=False):
        command = [LOAD, "receive"] + ["--silent"] * silent
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def count(self):
        return int(self._get("count"))

    def forget(self):
        urllib.request.urlopen(f"http://127.0.0.1:{self.port}/forget", data=b"").read()

    def wait_for(self, count, until):
        """Waits until so many have come, but no longer than to an instant, or 20 s after the last one."""
        seen, since = self.count(), time.time()
        while seen < count and time.time() < until and time.time() - since < 20:
            time.sleep(0.1)
            if (now := self.count()) != seen:
                seen, since = now, time.time()

    def arrivals(self):
        """Each webhook's timer, and when it came, in milliseconds since 1970."""
        lines = (line.split() for line in self._get("arrivals").splitlines())
        return [(int(number), int(at) / 1000) for number, at in lines]

    def _get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=60).read().decode()

    def stop(self):
        self.process.kill()
        self.process.wait()


def tree(process_id):
    """A process and all that it started."""
    found = [process_id]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process_id}/task"):
            children = Path(f"/proc/{process_id}/task/{task}/children").read_text().split()
            found += [process for child in children for process in tree(int(child))]
    return found


def memory(process_ids):
    """What processes keep in memory, shared pages shared out (PSS), in MB."""
    kilobytes = 0
    for process in process_ids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def busy():
    """How many other things wanted the processor in the last minute."""
    return os.getloadavg()[0]
