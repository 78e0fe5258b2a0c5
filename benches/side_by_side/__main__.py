"""`make bench`: Minoots and BullMQ on Redis, by turns, through the same scenarios; prints a table of ratios.

    python3 benches/side_by_side [--quick] [--write]

Build `target/release/minoots`, its examples `send` and `record`, and `benches/load` first, and install `benches/peer`;
`make bench` does. It takes about ten minutes, `--quick` two. Run it on an idle machine.
"""

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass

import report
import scenarios
from plots import distributions
from servers import PEER, Always, EverySecond, Minoots
from tools import ROOT, Receiver, busy, free_ports

DOCS = ROOT / "docs"


@dataclass
class Sizes:
    rounds: int
    timers: int
    spread_rounds: int
    over: int
    pending: int
    neighbour: int
    backlog: int


FULL = Sizes(rounds=5, timers=10_000, spread_rounds=1, over=30_000, pending=1_000_000, neighbour=2_000, backlog=10_000)
QUICK = Sizes(rounds=2, timers=3_000, spread_rounds=1, over=5_000, pending=50_000, neighbour=500, backlog=2_000)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller numbers: whether it works, not how fast it is")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plots")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    begun, load = time.time(), [busy()]
    ceilings = [scenarios.ceiling(5 * sizes.timers)]
    results, late = measure(sizes, load)
    ceilings.append(scenarios.ceiling(5 * sizes.timers))
    sync, bare, recorded = scenarios.sync(), scenarios.bare(10 * sizes.timers), scenarios.recorded(5 * sizes.timers)
    plots = [
        (f"{sizes.timers:,} due at one instant", "benchmarks-burst.svg", late["burst"]),
        (f"{sizes.timers:,} due over {sizes.over // 1000} s", "benchmarks-spread.svg", late["spread"]),
    ]
    took = (time.time() - begun) / 60
    facts = [
        f"{report.today()}, in {took:.0f} minutes; load average meanwhile {min(load):.1f} to {max(load):.1f}",
        report.machine(),
        report.versions(json.loads((PEER / "package.json").read_text())["dependencies"]["bullmq"]),
        f"{sizes.rounds} rounds of {sizes.timers:,} timers; {sizes.pending:,} pending; "
        f"{sizes.backlog:,} deliveries waiting for the hanging receiver",
        "generator and receiver with nothing between them: "
        f"{min(ceilings):,.0f} to {max(ceilings):,.0f} requests a second",
        f"our delivery client alone, with nothing to store (`benches/send`): {bare:,.0f} webhooks a second",
        f"our store alone, with nothing to send (`benches/record`): {recorded:,.0f} webhooks a second",
        f"one `fdatasync` of 4 KB, median: {sync:.2f} ms",
    ]
    print(report.table(results))
    print("\n".join(facts))
    if options.write:
        for title, file, series in plots:
            (DOCS / file).write_text(distributions(title, series))
        page = report.page(results, facts, [(f"Lateness, {title}", file) for title, file, _ in plots])
        (DOCS / "benchmarks.md").write_text(page)
        print("written to docs/benchmarks.md")


def measure(sizes, load):
    """Every scenario on every server. Figures, and lateness of single deliveries, by server."""
    contenders = [Minoots, EverySecond, Always]
    results = {contender().name: defaultdict(list) for contender in contenders}
    late = {"burst": defaultdict(list), "spread": defaultdict(list)}

    def note(server, figures):
        print(f"  {server.name}: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items()), flush=True)
        load.append(busy())
        for name, value in figures.items():
            results[server.name][name].append(value)

    def each(title, contenders, scenario):
        print(title, flush=True)
        for contender in contenders:
            server = contender()
            try:
                server.start()
                scenario(server)
            finally:
                server.stop()

    receiver, silent = Receiver(), Receiver(silent=True)
    try:

        def fast(server):
            scenarios.creations(server, 300)
            note(server, scenarios.creations(server, sizes.timers))
            figures, every = scenarios.burst(server, receiver, sizes.timers)
            note(server, figures)
            late["burst"][server.name] += every

        def spread(server):
            figures, every = scenarios.spread(server, receiver, sizes.timers, sizes.over)
            note(server, figures)
            late["spread"][server.name] += every

        def many(server):
            figures = scenarios.pending(server, sizes.pending)
            for name in ("creations per second", "restart s"):
                figures[f"many: {name}"] = figures.pop(name)
            note(server, figures)

        def few(server):
            note(server, {"few: restart s": scenarios.restart(server, receiver, sizes.pending // 10)["restart s"]})

        def neighbour(server, kind, bad):
            figures = scenarios.neighbour(server, receiver, bad, sizes.neighbour, sizes.backlog, sizes.over // 3)
            figures["beside / alone"] = figures["beside p99 ms"] / figures["alone p99 ms"]
            note(server, {f"{kind}: {name}": value for name, value in figures.items()})

        def hanging(server):
            neighbour(server, "hanging", silent.url)

        def dead(server):
            neighbour(server, "dead", f"http://127.0.0.1:{free_ports(1)[0]}/hook")

        for round in range(sizes.rounds):
            turns = contenders[round % 3 :] + contenders[: round % 3]
            each(f"round {round + 1}: creations, and all due at one instant", turns, fast)
        for _ in range(sizes.spread_rounds):
            each("due over a time", contenders, spread)
        # The two configurations of Redis keep the same in memory and on disk.
        each("kill -9 with timers pending", contenders[:2], few)
        each("many pending", contenders[:2], many)
        each("beside a hanging receiver", contenders[:2], hanging)
        each("beside a dead receiver", contenders[:2], dead)
    finally:
        receiver.stop()
        silent.stop()
    return results, late


main()
