"""What is done to each server, and what is measured. Each function returns figures by name."""

import os
import subprocess
import tempfile
import time

from tools import ROOT, Receiver, create

EXAMPLES = ROOT / "target/release/examples"


def percentile(values, share):
    values = sorted(values)
    return values[round((len(values) - 1) * share)] if values else float("nan")


def creations(server, count):
    with_receiver = "http://127.0.0.1:9/hook"
    many = create(server.port, count, with_receiver)
    one = create(server.port, max(count // 10, 200), with_receiver, connections=1)
    return {"creations per second": many["per_second"], "one connection, median ms": one["p50_ms"]}


def lateness(server, receiver, count, over=0):
    """Timers due at one instant, or spread over so many milliseconds: all deliveries, and how late each was."""
    receiver.forget()
    # Twice as long as their creation should take at the slowest server.
    due = time.time() + 1 + count / 2_500
    _, ends = create(server.port, count, receiver.url, due=int(due * 1000), over=over, ends=True)
    if time.time() > due:
        raise SystemExit(
            f"{server.name}: creating {count} timers took until the first was due: measure on an idle machine"
        )
    receiver.wait_for(count, due + over / 1000 + 120)
    arrivals = receiver.arrivals()
    # Doubles count once, and must not hide a loss.
    first = {}
    for number, at in sorted(arrivals, key=lambda arrival: arrival[1]):
        first.setdefault(number, at)
    if lost := ends.keys() - first.keys():
        raise SystemExit(f"{server.name} lost {len(lost)} of {count} deliveries")
    late = [at - ends[number] for number, at in first.items()]
    if (early := min(late)) < -1:
        raise SystemExit(f"{server.name} delivered {-early:.1f} ms too early")
    return first, late


def burst(server, receiver, count):
    first, late = lateness(server, receiver, count)
    seconds = (max(first.values()) - min(first.values())) / 1000
    figures = {"delivered per second": len(first) / seconds, "burst p99 ms": percentile(late, 0.99)}
    return figures, late


def spread(server, receiver, count, over):
    _, late = lateness(server, receiver, count, over)
    return {"spread p50 ms": percentile(late, 0.5), "spread p99 ms": percentile(late, 0.99)}, late


def pending(server, count):
    """So many timers that are due tomorrow: how fast they come in, what they take, and a crash with them."""
    before = server.memory()
    created = create(server.port, count, "http://127.0.0.1:9/hook")
    time.sleep(3)
    figures = {"creations per second": created["per_second"], "memory MB": server.memory(), "memory empty MB": before}
    server.kill()
    figures["restart s"] = server.start()
    time.sleep(1)
    figures["memory reopened MB"] = server.memory()
    return figures


def restart(server, receiver, count):
    """Killed with so many pending, of which 100 fall due while it is down: none may be lost."""
    create(server.port, count, "http://127.0.0.1:9/hook")
    receiver.forget()
    due = time.time() + 2
    create(server.port, 100, receiver.url, due=int(due * 1000))
    server.kill()
    time.sleep(max(0, due + 0.5 - time.time()))
    seconds = server.start()
    receiver.wait_for(100, time.time() + 60)
    if (lost := 100 - len({number for number, _ in receiver.arrivals()})) != 0:
        raise SystemExit(f"{server.name} lost {lost} of 100 timers that were due while it was down")
    return {"restart s": seconds}


def neighbour(server, receiver, bad, count, backlog, over):
    """A healthy receiver's lateness alone, and beside one that takes nothing and has a backlog waiting for it."""
    alone = percentile(lateness(server, receiver, count, over)[1], 0.99)
    create(server.port, backlog, bad, duration=1)
    receiver.forget()
    due = time.time() + 3
    _, ends = create(server.port, count, receiver.url, due=int(due * 1000), over=over, ends=True)
    # No longer than this: a server that lets one receiver hold up another may need an hour.
    receiver.wait_for(count, due + over / 1000 + 15)
    late = [at - ends[number] for number, at in receiver.arrivals()]
    missing = count - len(late)
    beside = percentile(late + [float("inf")] * missing, 0.99)
    return {"alone p99 ms": alone, "beside p99 ms": beside, "not delivered": missing}


def sync(times=200):
    """The median milliseconds that the disk takes for what every durable commit asks of it."""
    took = []
    with tempfile.NamedTemporaryFile(dir=tempfile.gettempdir()) as file:
        for _ in range(times):
            os.write(file.fileno(), bytes(4096))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return percentile(took, 0.5)


def bare(count):
    """How many signed webhooks a second our delivery client sends by itself."""
    receiver = Receiver()
    try:
        return example("send", receiver.url, count)
    finally:
        receiver.stop()


def recorded(count):
    """How many webhooks a second our store keeps account of by itself."""
    with tempfile.TemporaryDirectory(prefix="minoots-bench-") as folder:
        return example("record", folder, count)


def example(name, *arguments):
    command = [EXAMPLES / name, *map(str, arguments)]
    return float(subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout)


def ceiling(count):
    """What generator and receiver manage with no server between them."""
    receiver = Receiver()
    try:
        return create(receiver.port, count, receiver.url)["per_second"]
    finally:
        receiver.stop()
