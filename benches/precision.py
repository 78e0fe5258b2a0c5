#!/usr/bin/env python3
"""How late webhooks arrive, and how many a second: `minoots dev` against a receiver on the same machine.

    cargo build --release
    python3 benches/precision.py            # all measurements
    python3 benches/precision.py one burst  # some of them

Lateness is the time at which the receiver has read a webhook whole, less the timer's end: server, kernel and receiver
together, on one clock. The receiver is a process of its own, and its own ceiling is measured first: nothing faster than
that can be seen with it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from multiprocessing import Pipe, Process
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BATCH = 100


# The receiver


class Webhooks(asyncio.Protocol):
    """One connection: reads requests by their Content-Length, notes when each was whole, and answers 200."""

    def __init__(self, arrivals):
        self.arrivals = arrivals
        self.rest = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.rest += data
        answers = 0
        while (end := self._end_of_first()) is not None:
            self.arrivals.append((time.time(), self.rest[:end]))
            self.rest = self.rest[end:]
            answers += 1
        if answers:
            self.transport.write(ANSWER * answers)

    def _end_of_first(self):
        head = self.rest.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = re.search(rb"content-length: *(\d+)", self.rest[:head], re.IGNORECASE)
        end = head + 4 + (int(length[1]) if length else 0)
        return end if len(self.rest) >= end else None


def receive(pipe):
    """Serves until told to stop. On "count" says how many have come, on "take" hands them over and forgets them."""
    arrivals = []

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Webhooks(arrivals), "127.0.0.1", 0, backlog=4096)
        pipe.send(server.sockets[0].getsockname()[1])
        stopped = loop.create_future()
        loop.add_reader(pipe.fileno(), command, stopped)
        await stopped
        server.close()

    def command(stopped):
        match pipe.recv():
            case "count":
                pipe.send(len(arrivals))
            case "take":
                pipe.send(arrivals[:])
                arrivals.clear()
            case "stop":
                stopped.set_result(None)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve())


class Receiver:
    """The receiving process, as seen from this one."""

    def __init__(self):
        self.pipe, inner = Pipe()
        self.process = Process(target=receive, args=[inner], daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{self.pipe.recv()}/webhook"

    def ask(self, what):
        self.pipe.send(what)
        return self.pipe.recv()

    def wait(self, count, within):
        """All that has come once `count` have, or once nothing more comes."""
        deadline = time.monotonic() + within
        while self.ask("count") < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.ask("take")

    def stop(self):
        self.pipe.send("stop")
        self.process.join(5)


def ceiling(receiver, connections=64, seconds=3):
    """Webhooks a second that the receiver takes from a sender with nothing else to do, one at a time a connection."""
    sender = Process(target=send, args=[receiver.url, connections, seconds])
    sender.start()
    sender.join()
    times = [at for at, _ in receiver.ask("take")]
    return len(times) / (times[-1] - times[0])


def send(url, connections, seconds):
    body = b'{"event":"timer_expired","filler":"' + b"x" * 700 + b'"}'
    request = b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    class Sender(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            transport.write(request)

        def data_received(self, _):
            if time.monotonic() < deadline:
                self.transport.write(request)

    async def run():
        loop, port = asyncio.get_running_loop(), int(re.search(r":(\d+)/", url)[1])
        await asyncio.gather(*(loop.create_connection(Sender, "127.0.0.1", port) for _ in range(connections)))
        await asyncio.sleep(seconds + 0.5)

    deadline = time.monotonic() + seconds
    asyncio.run(run())


# The server


class Minoots:
    """The release binary on a fresh data folder."""

    def __init__(self, binary, folder):
        self.log = Path(folder) / "minoots.txt"
        command = [binary, "dev", "--port", "0", "--data-dir", Path(folder) / "data"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment())
        self.url, self.key = self._banner()

    @staticmethod
    def _environment():
        return {name: value for name, value in os.environ.items() if not name.startswith("MINOOTS_")}

    def _banner(self):
        for _ in range(1000):
            said = self.log.read_text()
            url, key = re.search(r"http://[\d.]+:\d+", said), re.search(r"mnt_live_[\w-]+", said)
            if url and key:
                return url[0], key[0]
            if self.process.poll() is not None:
                sys.exit(f"minoots dev ended with {self.process.returncode}:\n{said}")
            time.sleep(0.02)
        sys.exit(f"minoots dev does not serve:\n{self.log.read_text()}")

    def post(self, path, body):
        headers = {"x-api-key": self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def create(self, timers):
        """Creates timers, 100 at a time; gives how many a second that were."""
        begun = time.monotonic()
        for start in range(0, len(timers), BATCH):
            results = self.post("/timers/batch", {"timers": timers[start : start + BATCH]})["results"]
            refused = [result for result in results if result["status"] != 201]
            if refused:
                sys.exit(f"not created: {refused[0]}")
        return len(timers) / (time.monotonic() - begun)

    def close(self):
        self.process.terminate()
        self.process.wait(30)


# The measurements


def at(instant):
    """An instant in epoch seconds, as the API takes it."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(instant))
    return f"{whole}.{round(instant % 1 * 1000) % 1000:03}Z"


def report(name, arrivals, promised):
    """Prints how late they came, each counted once."""
    first = {}
    for moment, request in arrivals:
        head, body = request.split(b"\r\n\r\n", 1)
        id = re.search(rb"webhook-id: *(\S+)", head, re.IGNORECASE)[1]
        first.setdefault(id, moment - json.loads(body)["timer"]["endTime"] / 1000)
    if not first:
        sys.exit(f"{name}: none of {promised} webhooks came")
    late = sorted(lateness * 1000 for lateness in first.values())
    moments = [moment for moment, _ in arrivals]
    span = max(moments) - min(moments)
    again, early = len(arrivals) - len(first), sum(lateness < 0 for lateness in late)
    points = {
        "min": late[0],
        "p50": share(late, 0.5),
        "p90": share(late, 0.9),
        "p99": share(late, 0.99),
        "max": late[-1],
    }
    print(f"{name}\n  {len(first)} of {promised} delivered, {again} of them again, {early} early")
    print("  lateness in ms: " + "   ".join(f"{point} {value:.1f}" for point, value in points.items()))
    if len(first) > 1:
        print(f"  from the first to the last {span:.2f} s: {len(arrivals) / span:,.0f} deliveries/s")
        print(histogram(late))
    return len(first) == promised and late[0] >= 0


def histogram(late):
    """How many came how late, in steps that double."""
    lines, below = [], 0
    for limit in (2**power for power in range(20)):
        count = sum(below <= lateness < limit for lateness in late)
        if count:
            bar = "#" * max(1, round(50 * count / len(late)))
            lines.append(f"  {below:>5} to {limit:>5} ms {count:>6} {bar}")
        below = limit
    return "\n".join(lines)


def share(values, part):
    return values[min(len(values) - 1, int(len(values) * part))]


def one(server, receiver, _):
    """A 10-second timer."""
    done = True
    for _ in range(3):
        server.create([{"duration": "10s", "webhook": receiver.url}])
        done &= report("one timer of 10 s", receiver.wait(1, within=12), 1)
    return done


def spread(server, receiver, count):
    """10,000 timers due over 30 seconds."""
    begin = time.time() + lead(count)
    timers = [{"expiresAt": at(begin + 30 * n / count), "webhook": receiver.url} for n in range(count)]
    rate = server.create(timers)
    print(f"created {count:,} timers at {rate:,.0f}/s, in batches of {BATCH}")
    return report(f"{count:,} timers due over 30 s", receiver.wait(count, within=lead(count) + 60), count)


def burst(server, receiver, count):
    """10,000 timers due at one instant."""
    begin = time.time() + lead(count)
    rate = server.create([{"expiresAt": at(begin), "webhook": receiver.url}] * count)
    print(f"created {count:,} timers at {rate:,.0f}/s, in batches of {BATCH}")
    return report(f"{count:,} timers due at one instant", receiver.wait(count, within=lead(count) + 60), count)


def lead(count):
    """Seconds ahead, so that all timers exist before the first is due."""
    return 5 + count / 2_000


MEASUREMENTS = {"one": one, "spread": spread, "burst": burst}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measurements", nargs="*", metavar="|".join(MEASUREMENTS), help="which to make; default: all")
    parser.add_argument("--count", type=int, default=10_000, help="how many timers in `spread` and `burst` (10,000)")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/minoots", help="the server to measure")
    options = parser.parse_args()
    if unknown := set(options.measurements) - set(MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(unknown)}")
    if not options.binary.exists():
        parser.error(f"{options.binary} is missing: cargo build --release")
    receiver = Receiver()
    print(f"the receiver's own ceiling: {ceiling(receiver):,.0f} webhooks/s\n")
    done = []
    for name in options.measurements or MEASUREMENTS:
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(Minoots(options.binary, folder)) as server:
            done.append(MEASUREMENTS[name](server, receiver, options.count))
            print()
    receiver.stop()
    if not all(done):
        sys.exit("not all were delivered, or some were early")


if __name__ == "__main__":
    main()
