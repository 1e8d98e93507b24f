#!/usr/bin/env python3
"""How many workers one study on a server can have: a simulation of claims and events, from measured times.

    python3 Benchmarks/scale.py [--results Benchmarks/results/postgres.json] [--write]

Every change of a study holds the row of the study for one round trip and one commit, so that changes queue up, first come,
first served. A worker proposes a trial and claims it (one change, and queries that wait for nobody), reports `epochs`
times, tells the result, and renews its lease every 30 seconds: a change each. What a change takes comes from
results/postgres.json: the commit of one row, and the rest of a report by one worker; what a change costs each connection
that listens for events is measured there too. The simulated minutes begin when all workers are at a random point of
their trials. --write writes Benchmarks/results/scale.{json,md}. Standard library only; takes some ten seconds.
"""

import argparse
import heapq
import json
import pathlib
import random
import statistics

HERE = pathlib.Path(__file__).resolve().parent
RENEWAL = 30.0
WORKERS = (16, 64, 256, 1000, 4000, 10_000)


class Server:
    """What a change takes, seconds. `commit`: until it is on disk; `work`: what server and client compute meanwhile;
    `listener`: of a processor, for each connection that is told."""

    def __init__(self, commit, work, listener, processors):
        self.commit, self.work, self.listener, self.processors = commit, work, listener, processors

    def change(self, round_trip, workers):
        # Whoever has been told of an event once listens: all workers. Telling them does not hold the row, but takes
        # processors; a server cannot commit more than it can tell.
        return max(round_trip + self.work + self.commit, self.listener * workers / self.processors)


def simulate(change, workers, epochs, epoch_seconds, seconds, seed=0):
    """The share of their time that workers train, in the last two thirds of the simulated seconds, and the wait for a
    change: median and 99 of 100, seconds."""
    draw = random.Random(seed)
    # When a worker or its renewal next wants a change; what follows for worker i is at place[i].
    events = []
    for worker in range(workers):
        left = draw.randrange(epochs)
        heapq.heappush(events, (draw.uniform(0, epoch_seconds), worker, left))
        heapq.heappush(events, (draw.uniform(0, RENEWAL), worker, -1))
    begin = seconds / 3
    free, idle, waits, trials = 0.0, 0.0, [], 0
    while events:
        time, worker, left = heapq.heappop(events)
        if time > seconds:
            break
        if left < 0:
            free = max(free, time) + change
            heapq.heappush(events, (max(time + RENEWAL, free), worker, -1))
            continue
        # A report; after the last one also the result, and then the next trial: each waits for its turn.
        changes = 1 if left > 0 else 3
        start = time
        for _ in range(changes):
            free = max(free, start) + change
            start = free
        idle += max(0, min(start, seconds) - max(time, begin))
        if time > begin:
            waits.append((start - time) / changes)
            trials += left == 0
        pace = epoch_seconds * draw.uniform(0.9, 1.1)
        heapq.heappush(events, (start + pace, worker, left - 1 if left > 0 else epochs - 1))
    waits.sort()
    return {"busy": 1 - idle / (workers * (seconds - begin)), "wait": waits[len(waits) // 2],
            "wait99": waits[len(waits) * 99 // 100], "trialsPerSecond": trials / (seconds - begin)}


def most(change, epochs, epoch_seconds):
    """Workers whose changes just fit: above, they queue up without end."""
    per_worker = (epochs + 2) / (epochs * epoch_seconds) + 1 / RENEWAL
    return 1 / (change * per_worker)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results" / "postgres.json")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    measured = json.loads(options.results.read_text())
    commit = measured["commit"][0] / 1000
    report = 1 / statistics.median(measured["runs"]["reports a second, 16 workers"]["outerloop"])
    work = max(0.0002, report - commit)
    listener = measured["listener"] / 1e6
    here = Server(commit, work, listener, measured["cores"])
    # The same with a disk that acknowledges at once (NVMe with its own power), and more processors.
    fast = Server(0.0001, 0.0003, listener, 32)
    rows = []
    for name, server, round_trip in (("measured", here, 0.0001), ("measured", here, 0.001), ("measured", here, 0.02),
                                     ("fast disk, 32 processors", fast, 0.0001), ("fast disk, 32 processors", fast, 0.001)):
        for epoch_seconds in (1, 60):
            fits = []
            for workers in WORKERS:
                change = server.change(round_trip, workers)
                found = simulate(change, workers, 10, epoch_seconds, 900)
                fits.append(found | {"workers": workers, "fits": workers < most(change, 10, epoch_seconds)})
            rows.append({"server": name, "roundTrip": round_trip, "epochSeconds": epoch_seconds, "workers": fits})
    head = (f"Where it was measured, a commit takes {1000 * commit:.1f} ms and a report of many workers {1000 * report:.1f} ms of "
            f"the study's row (computed with: {1000 * (commit + work):.1f} ms); an event takes {measured['listener']:.0f} microseconds of a "
            "processor for each connection that listens.")
    lines = ["# Many workers on one study: a simulation", "", head + " Trials of ten epochs.", "",
             "The share of their time that workers train (100%: the store costs nothing), and in brackets how long one in a "
             "hundred changes waits.", "",
             "| server | round trip | epoch | " + " | ".join(f"{n:,}" for n in WORKERS) + " |",
             "|---|---:|---:|" + "---:|" * len(WORKERS)]
    for row in rows:
        cells = []
        for one in row["workers"]:
            wait = one["wait99"]
            text = f"{1000 * wait:.0f} ms" if wait < 1 else f"{wait:.0f} s"
            cells.append(f"{100 * one['busy']:.0f}% [{text}]")
        lines.append(f"| {row['server']} | {1000 * row['roundTrip']:g} ms | {row['epochSeconds']} s | {' | '.join(cells)} |")
    lines += ["", "    python3 Benchmarks/scale.py --write", ""]
    print("\n".join(lines))
    if options.write:
        (HERE / "results" / "scale.md").write_text("\n".join(lines))
        (HERE / "results" / "scale.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
