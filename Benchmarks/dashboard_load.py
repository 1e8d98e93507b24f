#!/usr/bin/env python3
"""Measures what viewers of the dashboard cost those who run a study: four workers at full speed, with and without.

    Benchmarks/peers/install.sh dashboard
    swift build -c release --product outerloop
    Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard_load.py [--minutes 10] [--ours FILE] [--write]

Each part begins a study of trials with 100 epochs in a new store. Four worker processes, each with an
`outerloop serve --stdio` of its own, ask for trials and report each epoch as soon as the last report is answered. The
parts are: no viewers; the control, five browsers (Chromium contexts) that visit static pages (`outerloop report`) of
another server; five browsers that visit all pages of the dashboard, stay for some seconds and reload, while the
dashboard is ended by SIGKILL at random moments and started again on the same port. What the control costs, browsers
cost anywhere on this machine. For `--apart` minutes each, no viewers and the dashboard are measured again with the
workers on one half of the processors and the rest on the other: there, viewers take no processor from workers.

A write is a report, timed in the worker until it is answered, which is when the store has it. A write fails if it, or
an `ask` or `tell`, is answered by an error or refused. At the end the reports in the store are counted and the file is
checked. The log is the store's `-wal` file, at its largest and when the workers have ended but the server still runs.
Samples of /proc say who had the processors. Needs Linux, Chromium on the path, and room for logs of some gigabytes.
"""
import argparse
import array
import datetime
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from playwright.sync_api import Error, sync_playwright

from dashboard import OURS, free_port, memory, started
from hypergradients import HERE, cores, environment, fail, processor, table

WORKERS, BROWSERS, EPOCHS = 4, 5, 100
TICKS = os.sysconf("SC_CLK_TCK")
# Trials of each study that are there before the workers begin.
FIRST = 30
STUDIES = {"load": EPOCHS, "small-1": 1, "small-2": 1}
PAGES = ["", "study/1", "study/1/trials", f"study/1/trial/{FIRST}", "compare?studies=2,3"]

WORKER = """
import array, json, subprocess, sys, time
command, store, seconds, epochs, out = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
served = subprocess.Popen([command, "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
failures = []
def call(**request):
    served.stdin.write(json.dumps(request).encode() + b"\\n")
    served.stdin.flush()
    reply = json.loads(served.stdout.readline())
    if "error" in reply or reply["ok"].get("reason") == "lost" or reply["ok"].get("refused"):
        failures.append(f"{request['op']}: {reply}")
    return reply.get("ok", {})
call(op="hello", protocol=1)
call(op="open", store=store, study="load")
call(op="budget", trials=10**9)
times, end = array.array("f"), time.monotonic() + seconds
while time.monotonic() < end:
    trial = call(op="ask")["trial"]
    for epoch in range(1, epochs + 1):
        begin = time.perf_counter()
        loss = trial["params"]["layers"] + 1 / epoch
        call(op="report", trial=trial["number"], epoch=epoch, values={"loss": loss, "accuracy": 1 - 0.5 / epoch})
        times.append(time.perf_counter() - begin)
        if time.monotonic() > end:
            break
    else:
        call(op="tell", trial=trial["number"])
call(op="end")
served.wait()
with open(out, "wb") as file:
    times.tofile(file)
print(json.dumps(failures))
"""


class Server:
    """What viewers look at, on the same port whenever it is started."""

    def __init__(self, *command):
        self.port, self.kills, self.memory, self.over = free_port(), 0, 0, threading.Event()
        self.command = [*command, self.port]
        self.begin()

    def begin(self):
        self.process = started(self.command, self.port)
        self.is_there = True

    def kill(self):
        self.is_there = False
        self.memory = max(self.memory, memory(self.process))
        self.process.kill()
        self.process.wait()

    def kill_at_random(self):
        while not self.over.wait(random.uniform(10, 40)):
            self.kill()
            self.kills += 1
            time.sleep(random.uniform(0, 2))
            self.begin()


class Meter(threading.Thread):
    """Samples the size of the log and the processor time of all processes."""

    def __init__(self, log, workers, server):
        super().__init__(daemon=True)
        self.log, self.server, self.over = log, server, threading.Event()
        self.roots = {worker.pid: "workers" for worker in workers} | {os.getpid(): "browsers"}
        # By process: whose it is, and its seconds when it was first seen and now.
        self.largest, self.seconds, self.begin = 0, {}, time.monotonic()

    def size(self):
        return self.log.stat().st_size / 1e6 if self.log.exists() else 0

    def run(self):
        while not self.over.wait(0.2):
            self.largest = max(self.largest, self.size())
            if self.server:
                self.roots[self.server.process.pid] = "server"
            parents, seconds = {}, {}
            for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields, number = path.read_text().rpartition(")")[2].split(), int(path.parent.name)
                except OSError:
                    continue
                parents[number], seconds[number] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
            for number, now in seconds.items():
                root = number
                while root not in self.roots and root in parents:
                    root = parents[root]
                owner, first, _ = self.seconds.get(number, (self.roots.get(root, "others"), now, now))
                self.seconds[number] = (owner, first, now)

    def processors(self):
        """How many processors each kept busy."""
        found = dict.fromkeys(("workers", "server", "browsers", "others"), 0.0)
        for owner, first, now in self.seconds.values():
            found[owner] += (now - first) / (time.monotonic() - self.begin)
        return found


def visit(pages, addresses, end, server):
    """Each browser is sent from page to page, which it loads twice; no two of them are on the same one."""
    count = {"shown": 0, "away": 0, "missed": 0}
    step = 0
    while True:
        for place, page in enumerate(pages):
            if time.monotonic() > end:
                return count
            kills, was_there = server.kills, server.is_there
            try:
                if step % 2 == 0:
                    page.goto(addresses[(place + step // 2) % len(addresses)], timeout=30_000)
                else:
                    page.reload(timeout=30_000)
                page.wait_for_selector("#main .card, #main .table-frame, main:not(#main) h1", timeout=30_000)
                count["shown"] += 1
            except Error:
                count["missed" if was_there and server.is_there and kills == server.kills else "away"] += 1
        pages[0].wait_for_timeout(1000 * max(0.0, min(4.0, end - time.monotonic())))
        step += 1


def measure(given, folder, minutes, viewers=None, is_apart=False):
    folder.mkdir()
    store = folder / "load.db"
    for name, epochs in STUDIES.items():
        words = ["tune", "--store", store, "--study", name, "--param", "lr=log(1e-5, 1e-1)", "--param",
                 "layers=int(1, 5)", "--minimize", "loss", "--sampler", "random", "--scheduler", "none", "--epochs",
                 str(epochs), "--trials", str(FIRST), "--quiet", "--no-progress", "--", "echo", '{"loss": {layers}}']
        subprocess.run([given.ours, *words], check=True, stdout=subprocess.DEVNULL, env=environment())
    every = sorted(os.sched_getaffinity(0))
    half = len(every) // 2 if is_apart else len(every)
    workers = [subprocess.Popen(
        [sys.executable, "-c", WORKER, given.ours, store, str(60 * minutes), str(EPOCHS), folder / f"{number}.times"],
        stdout=subprocess.PIPE, text=True, env=environment(), preexec_fn=lambda: os.sched_setaffinity(0, every[:half]))
        for number in range(WORKERS)]
    end, server, seen = time.monotonic() + 60 * minutes, None, {}
    os.sched_setaffinity(0, every[-half:])
    if viewers == "dashboard":
        server, pages = Server(given.ours, "dashboard", "--store", store, "--port"), PAGES
    elif viewers == "static pages":
        server = Server(sys.executable, "-m", "http.server", "--directory", folder.parent, "--bind", "127.0.0.1")
        pages = [f"{name}.html" for name in STUDIES]
    meter = Meter(folder / "load.db-wal", workers, server)
    meter.start()
    if server:
        killer = threading.Thread(target=server.kill_at_random)
        if viewers == "dashboard":
            killer.start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=given.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
            windows = [browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(BROWSERS)]
            seen = visit(windows, [f"http://127.0.0.1:{server.port}/{page}" for page in pages], end, server)
            browser.close()
        server.over.set()
        if viewers == "dashboard":
            killer.join()
    answers = [worker.communicate()[0] for worker in workers]
    meter.over.set()
    meter.join()
    os.sched_setaffinity(0, every)
    part = seen | {"minutes": minutes, "log": meter.size(), "largest_log": meter.largest,
                   "processors": meter.processors()}
    if server:
        server.kill()
        part |= {"kills": server.kills, "memory": server.memory}
    return part | written(folder, store, [json.loads(answer or '["a worker crashed"]') for answer in answers])


def written(folder, store, failures):
    """What the workers have written, and what is in the store."""
    times = array.array("f")
    for path in folder.glob("*.times"):
        times.frombytes(path.read_bytes())
    times = sorted(times)
    database = sqlite3.connect(store)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = database.execute(
        "SELECT count(*) FROM events WHERE kind = 'reported' AND study = 1 AND trial >= ?", [FIRST]).fetchone()[0]
    if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        fail("the store is damaged")
    database.close()
    return {
        "reports": len(times), "failures": sum(failures, []), "missing": len(times) - stored,
        "median": 1e3 * times[len(times) // 2], "p99": 1e3 * times[int(0.99 * len(times))], "longest": 1e3 * times[-1],
        "over_100_ms": sum(one > 0.1 for one in times), "bytes": store.stat().st_size}


def markdown(parts):
    def viewers(part, text):
        return text if "shown" in part else ""

    rows = {
        "minutes": lambda part: f"{part['minutes']:g}",
        "reports per second": lambda part: f"{part['reports'] / 60 / part['minutes']:,.0f}",
        "failed writes": lambda part: str(len(part["failures"])),
        "answered reports that the store lacks": lambda part: str(part["missing"]),
        "ms of a write: median, 99 %, longest":
            lambda part: f"{part['median']:.2f}, {part['p99']:.1f}, {part['longest']:.0f}",
        "writes over 100 ms, of a million": lambda part: f"{1e6 * part['over_100_ms'] / part['reports']:.0f}",
        "bytes of the store per report": lambda part: f"{part['bytes'] / part['reports']:.1f}",
        "log, MB: largest, at the end": lambda part: f"{part['largest_log']:.1f}, {part['log']:.1f}",
        "log at the end, bytes per report": lambda part: f"{1e6 * part['log'] / part['reports']:.1f}",
        "server killed, times": lambda part: viewers(part, f"{part.get('kills')}"),
        "pages shown; not shown: server away, else":
            lambda part: viewers(part, f"{part.get('shown')}; {part.get('away')}, {part.get('missed')}"),
        "server, MB": lambda part: viewers(part, f"{part.get('memory', 0):.0f}"),
        "processors busy: workers, server, browsers, others":
            lambda part: ", ".join(f"{share:.2f}" for share in part["processors"].values())}
    return "\n".join([
        "# Four workers at full speed, and five browsers on the dashboard", "",
        f"{datetime.date.today()}, {processor()} ({cores()} cores).", "",
        "    Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard_load.py --write", "",
        "The program says how it is measured. Apart: workers on one half of the processors, all else on the other.", ""]
        + table([""] + list(parts), [[title] + [of(part) for part in parts.values()] for title, of in rows.items()])
        ) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of each of the first three parts")
    parser.add_argument("--apart", type=float, default=5, help="minutes of each of the last two")
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    parser.add_argument("--write", action="store_true", help="results/dashboard-load.{md,json}")
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    given.chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not given.chromium:
        fail("there is no Chromium: apt-get install chromium")
    parts = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)

        def part(name, *more, **options):
            parts[name] = measure(given, folder / str(len(parts)), *more, **options)
            print(f"{name}: {json.dumps(parts[name])}", file=sys.stderr)

        part("no viewers", given.minutes)
        for name in STUDIES:
            subprocess.run([given.ours, "report", "--store", folder / "0" / "load.db", "--study", name, "--out",
                            folder / f"{name}.html"], check=True, stdout=subprocess.DEVNULL, env=environment())
        part("control", given.minutes, "static pages")
        part("dashboard", given.minutes, "dashboard")
        if given.apart and len(os.sched_getaffinity(0)) > 1:
            part("apart: no viewers", given.apart, is_apart=True)
            part("apart: dashboard", given.apart, "dashboard", is_apart=True)
    report = markdown(parts)
    print(report)
    if given.write:
        (HERE / "results" / "dashboard-load.md").write_text(report)
        (HERE / "results" / "dashboard-load.json").write_text(json.dumps({"parts": parts}, indent=2) + "\n")


if __name__ == "__main__":
    main()
