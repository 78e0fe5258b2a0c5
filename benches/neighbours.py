#!/usr/bin/env python3
"""How much later a healthy tenant's webhooks arrive next to hostile receivers and callers.

    cargo build --release
    python3 benches/neighbours.py

`minoots dev` on this machine. Rounds of three kinds take turns, so that what else the machine does falls on all: alone;
beside another tenant with 60 hosts that answer, and 20 webhooks for each due in the same seconds; and beside the
hostile: as many webhooks for as many hosts, which take a connection and never answer, drip, reset or flood, and 200
callers that never end their requests, and some who send garbage. What more the hostile cost than a good neighbour who
has as much to do should be at most 10 %.
"""

import argparse
import contextlib
import json
import re
import socket
import statistics
import sys
import tempfile
import time
from multiprocessing import Event, Pipe, Process
from pathlib import Path

from precision import ROOT, Minoots, Receiver, at, share

sys.path.insert(0, str(ROOT / "tests/outside"))

import misbehaving

HOSTS = 60
EACH = 20
# Seconds over which all webhooks fall due.
SPAN = 10
BEHAVIOURS = [
    misbehaving.hangs,
    misbehaving.silent,
    misbehaving.drips_headers,
    misbehaving.resets,
    misbehaving.drips_a_body(200),
    misbehaving.floods_a_body(200),
]


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def start(behaviours):
    """The neighbour's receivers, each at an address of its own."""
    return [
        misbehaving.Misbehaving(behaviours[number % len(behaviours)], host=f"127.0.3.{number + 1}")
        for number in range(HOSTS)
    ]


def behave(pipe, stop, _server_port):
    """As many receivers that answer."""
    receivers = start([misbehaving.answers(ANSWER)])
    pipe.send([receiver.url for receiver in receivers])
    stop.wait()


def misbehave(pipe, stop, server_port):
    """Hostile receivers and callers, in a process of their own."""
    receivers = start(BEHAVIOURS)
    pipe.send([receiver.url for receiver in receivers])
    half = b"POST /timers HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", server_port)))
            caller.sendall(half)
        while not stop.wait(0.02):
            with socket.create_connection(("127.0.0.1", server_port)) as caller:
                caller.sendall(b"\x00GARBAGE " + b"x" * 5000 + b"\r\n\r\n")


def round_of(server, receiver, count, urls):
    """The latenesses in ms of `count` webhooks, and the server's memory in MB while they were sent."""
    begin = time.time() + 4
    timers = [{"expiresAt": at(begin + SPAN * n / count), "webhook": receiver.url} for n in range(count)]
    # Evenly over the same seconds: how long a crowd at one instant takes is another question.
    theirs = [urls[n % HOSTS] for n in range(HOSTS * EACH if urls else 0)]
    theirs = [{"expiresAt": at(begin + SPAN * n / len(theirs)), "webhook": url} for n, url in enumerate(theirs)]
    server.create(timers + theirs)
    arrivals = receiver.wait(count, within=SPAN + 60)
    first = {}
    for moment, request in arrivals:
        head, body = request.split(b"\r\n\r\n", 1)
        id = re.search(rb"webhook-id: *(\S+)", head, re.IGNORECASE)[1]
        first.setdefault(id, (moment - json.loads(body)["timer"]["endTime"] / 1000) * 1000)
    if len(first) != count or min(first.values()) < 0:
        sys.exit(f"{len(first)} of {count} webhooks came, the earliest {min(first.values(), default=0):.1f} ms late")
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return sorted(first.values()), int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def one_round(options, receiver, neighbour):
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Minoots(options.binary, folder)) as server:
        if not neighbour:
            return round_of(server, receiver, options.count, [])
        stop, (pipe, inner) = Event(), Pipe()
        process = Process(target=neighbour, args=[inner, stop, int(server.url.rsplit(":", 1)[1])], daemon=True)
        process.start()
        try:
            return round_of(server, receiver, options.count, pipe.recv())
        finally:
            stop.set()
            process.join(5)
            process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000, help="the healthy tenant's webhooks in a round (1,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each kind (5)")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/minoots", help="the server to measure")
    options = parser.parse_args()
    receiver = Receiver()
    points = {"p50": 0.5, "p99": 0.99}
    kinds = {"alone": None, "beside a good neighbour": behave, "beside the hostile": misbehave}
    found = {kind: [] for kind in kinds}
    for number in range(options.rounds):
        for kind, neighbour in kinds.items():
            late, memory = one_round(options, receiver, neighbour)
            found[kind].append([share(late, part) for part in points.values()])
            lateness = f"p50 {share(late, 0.5):.1f} ms, p99 {share(late, 0.99):.1f} ms"
            print(f"round {number + 1}, {kind}: {lateness}, memory {memory:.0f} MB", flush=True)
    receiver.stop()
    for place, point in enumerate(points):
        alone, good, hostile = (statistics.median(each[place] for each in found[kind]) for kind in kinds)
        print(
            f"{point}: {alone:.1f} ms alone, {good:.1f} beside a good neighbour, {hostile:.1f} beside the hostile: "
            f"{hostile / alone:.2f} and {hostile / good:.2f} times as much"
        )


if __name__ == "__main__":
    main()
