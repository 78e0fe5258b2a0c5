"""The table of ratios, and the page that it is written to."""

import datetime
import platform
import re
import subprocess
from pathlib import Path
from statistics import median

from tools import ROOT


class Row:
    """A figure, and what is asked of it: `reached` judges ours beside each peer's that has one."""

    def __init__(self, key, label, goal, reached, digits=0, better="more"):
        self.key, self.label, self.goal, self.reached = key, label, goal, reached
        self.digits, self.better = digits, better


def over(least, **others):
    """At least so many times the better peer's, or each named peer's."""

    def reached(ours, peers):
        named = [(peers[name.replace("_", ", ")], times) for name, times in others.items()]
        return all(ours >= times * value for value, times in named or [(max(peers.values()), least)])

    return reached


def under(share, most=float("inf")):
    """At most so large a part of the better peer's, and at most so much."""
    return lambda ours, peers: ours <= most and ours <= share * min(peers.values())


ROWS = [
    Row(
        "creations per second",
        "durable creations a second, 32 connections",
        "≥ 3 × `always`, ≥ 1.3 × `everysec`",
        over(0, BullMQ_always=3, BullMQ_everysec=1.3),
    ),
    Row("one connection, median ms", "the same, one connection, median (ms)", "≤ 1 ×", under(1), 2, "less"),
    Row("delivered per second", "all due at one instant: delivered a second", "≥ 4 ×", over(4)),
    Row("burst p99 ms", "the same: lateness, p99 (ms)", "≤ 1/4, ≤ 500", under(1 / 4, 500), 0, "less"),
    Row("spread p50 ms", "due over 30 s: lateness, p50 (ms)", "≤ 2", under(1, 2), 1, "less"),
    Row("spread p99 ms", "the same, p99 (ms)", "≤ 1/10, ≤ 10", under(1 / 10, 10), 1, "less"),
    Row("memory MB", "many pending: memory (MB)", "≤ 1/3", under(1 / 3), 0, "less"),
    Row("memory reopened MB", "the same, after a restart (MB)", "≤ 1/3", under(1 / 3), 0, "less"),
    Row("many: creations per second", "creations a second on the way there", "≥ 1.3 ×", over(1.3)),
    Row("many: restart s", "the same: `kill -9` to the first answer (s)", "≤ 2", under(1, 2), 2, "less"),
    Row("few: restart s", "a tenth pending: `kill -9` to the first answer (s)", "≤ 0.2", under(1, 0.2), 2, "less"),
    Row(
        "hanging: beside / alone",
        "healthy receiver's p99 beside a hanging one, ÷ alone",
        "≤ 1.1",
        lambda ours, _: ours <= 1.1,
        2,
        "less",
    ),
    Row(
        "dead: beside / alone",
        "the same beside one whose port refuses, ÷ alone",
        "≤ 1.1",
        lambda ours, _: ours <= 1.1,
        2,
        "less",
    ),
]


def table(results):
    """Markdown. `results`: for each server's name, lists of values by figure."""
    ours, *peers = results
    lines = [
        f"| figure, median of the rounds | goal | {' | '.join(results)} | {ours} ÷ better peer | reached |",
        f"| --- | --- | {'---: | ' * len(results)}---: | --- |",
    ]
    for row in ROWS:
        medians = {name: median(values[row.key]) for name, values in results.items() if values.get(row.key)}
        others = {name: value for name, value in medians.items() if name in peers}
        if ours not in medians or not others:
            continue
        best = max(others.values()) if row.better == "more" else min(others.values())
        cells = [number(medians[name], row.digits) if name in medians else "–" for name in results]
        reached = "yes" if row.reached(medians[ours], others) else "**no**"
        ratio = number(medians[ours] / best, 2)
        lines.append(f"| {row.label} | {row.goal} | {' | '.join(cells)} | {ratio} | {reached} |")
    return "\n".join(lines)


def number(value, digits):
    return "not within 15 s" if value == float("inf") else f"{value:,.{digits}f}"


def page(results, facts, plots):
    facts = "\n".join(f"- {fact}" for fact in facts)
    plots = "\n\n".join(f"![{title}]({file})" for title, file in plots)
    return f"""# Benchmarks

`minoots dev` and BullMQ on Redis, doing the same work on one machine: timers over HTTP, each with a signed webhook.
Written by `make bench`, which runs them by turns and takes medians; only the ratios mean anything on another machine.

{table(results)}

BullMQ with `everysec` loses up to a second of timers in a power failure, Minoots none that it has answered. Its peer
(`benches/peer`) is Fastify, 100 jobs at once and pooled connections: no configuration was found to be faster.

{plots}

## Where a goal is missed, and why

- *At one instant.* The store, with nothing else to do, keeps account of fewer webhooks a second (below) than four times
  BullMQ's, and sending them comes on top. One thread writes, for that is what lets callers share a sync; perf says
  what its time goes on: a quarter is fjall's insertion of 14 entries for each webhook, a quarter looks up what is
  overwritten, a sixth works out what becomes of it, a tenth is the journal, a twentieth the sync. The rest of the
  server makes webhooks of timers, in many functions of which none takes more than a twentieth.
- *Restart with a tenth.* One journal is read, 64 MB at most, and for every entry in it fjall looks up the name of its
  table: half of the time.
- *What was tried and kept.* Entries in the order of their keys, a timer's revision in front of its record, new
  deliveries and accounts kept as they are, bodies stored unescaped, JSON read in one pass, no layers around each
  route, events that are not copied: a seventh off a creation's instructions and a third off its allocations, a tenth
  off a delivery's.
- *What was tried and not kept.* Link-time optimisation of the whole (1 to 4 % for twice the time of building); an
  allocator that gives no memory back, and mimalloc 2 for 3 (no difference that could be told); one or three of
  fjall's threads instead of two, and memtables twice as large (none); to wait for more creations before a commit (2
  to 23 % fewer); zeros written ahead into fjall's journal, so that a sync finds its blocks there (a twentieth more on
  an ext4 with a journal, a twentieth less on this one); each caller committing for itself (a tenth fewer creations at
  32 connections: so only who comes alone does).
- *Creations.* perf: a fifth of the processor's time is `fdatasync`, and a sixth the kernel's sending and receiving.
  The ratio to BullMQ's moves with the machine, from 2.6 to 3.7.
- *Limits in milliseconds.* On 2026-12-01 the machine did half to two thirds of what it had done a week before, other
  load on its host not shown by its load average. On 2026-11-24, before the changes since, half of the timers due over
  30 s were less than 1.9 ms late, p99 at one instant was 435 ms, and the figure beside a hanging receiver 0.65.

## Measured

{facts}

What is measured, and how: `benches/side_by_side/scenarios.py`. Generator and receiver are `benches/load`, one thread
each; they share the processors with what is measured, so their own ceiling is measured in the same run.
"""


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024**2
    return f"{cpu[1] if cpu else platform.machine()}, {cores} cores, {memory:.0f} GB, Linux {platform.release()}"


def versions(bullmq):
    def said(*command):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    redis = re.search(r"v=(\S+)", said("redis-server", "--version"))[1]
    ours = said("target/release/minoots", "--version").split()[-1]
    commit = said("git", "rev-parse", "--short", "HEAD")
    return f"Minoots {ours} ({commit}), BullMQ {bullmq} on Redis {redis} and Node {said('node', '--version')[1:]}"


def today():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
