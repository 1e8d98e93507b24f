#!/usr/bin/env python3
"""Measures what viewers of the dashboard cost those who run a study: four workers at full speed, with and without.

    Benchmarks/peers/install.sh dashboard
    swift build -c release --product outerloop
    Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard_load.py [--minutes 10] [--ours FILE] [--write]

Each part begins a new study, of trials with 100 epochs, in a new store. Four worker processes, each with an
`outerloop serve --stdio` of its own, ask for trials and report every epoch as soon as the report before it is answered.
The parts are: no viewers; the control, five browsers that go round static pages (`outerloop report`) of another server;
five browsers (Chromium contexts) that go round all pages of the dashboard, stay for a few seconds and reload, while the
dashboard is killed by SIGKILL at random moments and started again on the same port. What the control costs, browsers
cost anywhere on this machine. For `--apart` minutes each the first and the last part are run again with the workers on
one half of the processors and the viewers and their server on the other half: what is different then is not the
processor time that viewers take.

A write is a report, timed in the worker from the request to its answer, which comes when the report is in the store;
it fails if the answer is an error, or if `ask`, `report` or `tell` are refused. At the end the reports in the store are
counted, and the file is checked. `log` is the store's `-wal` file: its largest size, and its size when the workers have
ended and the server still runs. Processor time is sampled from /proc, so this needs Linux, Chromium on the path, and at
least two processors for `--apart`.
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

from dashboard import OURS, free_port, started
from hypergradients import HERE, cores, environment, fail, processor, table

WORKERS, BROWSERS, EPOCHS = 4, 5, 100
STUDIES = {"load": EPOCHS, "small-1": 1, "small-2": 1}
PAGES = ["", "study/1", "study/1/trials", "study/1/trial/0", "compare?studies=2,3"]
SPACE = ["--param", "lr=log(1e-5, 1e-1)", "--param", "layers=int(1, 5)", "--minimize", "loss", "--sampler", "random",
         "--scheduler", "none"]

WORKER = """
import array, json, subprocess, sys, time
command, store, seconds, epochs, out = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
served = subprocess.Popen([command, "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
failed = []
def call(**request):
    served.stdin.write(json.dumps(request).encode() + b"\\n")
    served.stdin.flush()
    answer = json.loads(served.stdout.readline())
    if "error" in answer or answer["ok"].get("reason") == "lost" or "refused" in answer["ok"]:
        failed.append(f"{request['op']}: {answer}")
    return answer.get("ok", {})
call(op="hello", protocol=1)
call(op="open", store=store, study="load")
call(op="budget", trials=10**9)
times, end = array.array("f"), time.monotonic() + seconds
while time.monotonic() < end:
    trial = call(op="ask").get("trial")
    for epoch in range(1, epochs + 1) if trial else ():
        begin = time.perf_counter()
        loss = trial["params"]["layers"] + 1 / epoch
        call(op="report", trial=trial["number"], epoch=epoch, values={"loss": loss, "accuracy": 1 - 0.5 / epoch})
        times.append(time.perf_counter() - begin)
        if time.monotonic() > end:
            break
    else:
        call(op="tell", trial=trial["number"]) if trial else time.sleep(0.1)
call(op="end")
with open(out, "wb") as file:
    times.tofile(file)
print(json.dumps({"failed": len(failed), "first": failed[:3]}))
"""


class Server:
    """A server for viewers, on the same port each time it is started."""

    def __init__(self, command):
        self.port, self.command = free_port(), list(map(str, command))
        self.kills, self.is_there, self.over = 0, False, threading.Event()
        self.begin()

    def begin(self):
        self.process = started([word.replace("PORT", str(self.port)) for word in self.command], self.port)
        self.is_there = True

    def kill(self):
        self.is_there = False
        self.process.kill()
        self.process.wait()

    def kill_at_random(self):
        while not self.over.wait(random.uniform(10, 40)):
            self.kill()
            self.kills += 1
            time.sleep(random.uniform(0, 2))
            self.begin()


class Meter(threading.Thread):
    """Samples the log's size, the server's memory, and who has had the processors."""

    def __init__(self, store, workers, server):
        super().__init__(daemon=True)
        self.log, self.workers, self.server = pathlib.Path(f"{store}-wal"), workers, server
        self.largest = self.memory = 0
        self.ticks, self.first, self.last, self.over = {}, None, None, threading.Event()

    def run(self):
        roots = {worker.pid: "workers" for worker in self.workers} | {os.getpid(): "browsers"}
        while not self.over.wait(0.2):
            self.largest = max(self.largest, self.size())
            if self.server:
                roots[self.server.process.pid] = "server"
            parents, ticks = {}, {}
            for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = path.read_text().rpartition(")")[2].split()
                    parents[int(path.parent.name)] = int(fields[1])
                    ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
                    if self.server and int(path.parent.name) == self.server.process.pid:
                        self.memory = max(self.memory, int(fields[21]) * os.sysconf("SC_PAGESIZE") / 1e6)
                except OSError:
                    pass
            for number, count in ticks.items():
                root = number
                while root not in roots and root in parents:
                    root = parents[root]
                if root in roots:
                    before = self.ticks.get(number, (roots[root], count, count))
                    self.ticks[number] = (roots[root], before[1], count)
            busy = [int(word) for word in pathlib.Path("/proc/stat").read_text().split()[1:9]]
            self.last = (time.monotonic(), sum(busy) - busy[3] - busy[4])
            self.first = self.first or self.last

    def size(self):
        return self.log.stat().st_size if self.log.exists() else 0

    def shares(self):
        """Processors that each kept busy, those of other programs too."""
        second = os.sysconf("SC_CLK_TCK") * (self.last[0] - self.first[0])
        found = dict.fromkeys(("workers", "server", "browsers"), 0.0)
        for name, start, end in self.ticks.values():
            found[name] += (end - start) / second
        found["others"] = max(0.0, (self.last[1] - self.first[1]) / second - sum(found.values()))
        return found


def look(pages, addresses, end, server):
    """Each browser goes round the addresses, one ahead of the other, and looks at each twice. What was shown and
    missed; and missed though the server was there all the time."""
    count = dict.fromkeys(("shown", "missed", "unexplained"), 0)
    for step in range(10**9):
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
                count["missed"] += 1
                count["unexplained"] += was_there and server.is_there and kills == server.kills
        pages[0].wait_for_timeout(1000 * max(0.0, min(4.0, end - time.monotonic())))


def measure(given, folder, minutes, server=None, addresses=(), is_apart=False):
    """One part; `server` makes the server for a store."""
    folder.mkdir()
    store = folder / "load.db"
    for name, trials in (("load", 0), ("small-1", 30), ("small-2", 30)):
        subprocess.run([given.ours, "tune", "--store", store, "--study", name, *STUDY, "--trials", str(trials), "--epochs",
                        str(EPOCHS if name == "load" else 1), "--scheduler", "none", "--quiet", "--no-progress", "--",
                        "sh", "-c", "echo '{\"loss\": {layers}}'"], check=True, env=environment())
    every = os.sched_getaffinity(0)
    half = len(every) // 2 if is_apart else len(every)
    os.sched_setaffinity(0, sorted(every)[-half:])
    server = server and Server(server(store))
    workers = [subprocess.Popen(
        [sys.executable, "-c", WORKER, given.ours, store, str(60 * minutes), str(EPOCHS), folder / f"{number}.times"],
        stdout=subprocess.PIPE, text=True, env=environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, sorted(every)[:half])) for number in range(WORKERS)]
    meter, end, seen = Meter(store, workers, server), time.monotonic() + 60 * minutes, {}
    meter.start()
    if server:
        killer = threading.Thread(target=server.kill_at_random if "dashboard" in server.command else lambda: None)
        killer.start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=given.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
            pages = [browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(BROWSERS)]
            seen = look(pages, [f"http://127.0.0.1:{server.port}/{one}" for one in addresses], end, server)
            server.over.set()
            answers = [worker.communicate()[0] for worker in workers]
            browser.close()
        killer.join()
    else:
        answers = [worker.communicate()[0] for worker in workers]
    meter.over.set()
    meter.join()
    os.sched_setaffinity(0, every)
    log = meter.size()
    if server:
        server.kill()
    return {"minutes": minutes, "kills": server.kills if server else 0} | seen | result(folder, store, workers, answers) | {
        "log": log, "largest_log": meter.largest, "memory": meter.memory, "processors": meter.shares()}


def result(folder, store, workers, answers):
    """What the workers wrote, and what is in the store."""
    times = array.array("f")
    for path in folder.glob("*.times"):
        times.frombytes(path.read_bytes())
    times = sorted(times)
    answers = [json.loads(answer) for answer in answers if answer.strip()]
    database = sqlite3.connect(store)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored, = database.execute("SELECT count(*) FROM events WHERE kind = 'reported'").fetchone()
    sound = [row[0] for row in database.execute("PRAGMA integrity_check")]
    database.close()
    return {
        "reports": len(times), "failed": sum(one["failed"] for one in answers) + WORKERS - len(answers),
        "first_failures": [line for one in answers for line in one["first"]], "stored": stored, "sound": sound == ["ok"],
        "median": times[len(times) // 2], "p99": times[int(0.99 * len(times))], "p9999": times[int(0.9999 * len(times))],
        "longest": times[-1], "over_100_ms": sum(one > 0.1 for one in times), "bytes": store.stat().st_size}


def markdown(given, parts):
    def row(title, of):
        return [title] + [of(part) for part in parts.values()]

    def processors(name):
        return lambda part: f"{part['processors'][name]:.2f}"

    viewed = "{:,}".format
    return "\n".join([
        "# Four workers at full speed, and five browsers on the dashboard", "",
        f"{datetime.date.today()}, {processor()} ({cores()} cores). "
        "By `Benchmarks/dashboard_load.py --write`, which says what the columns are.", ""]
        + table([""] + list(parts), [
            row("minutes", lambda part: f"{part['minutes']:g}"),
            row("reports", lambda part: f"{part['reports']:,}"),
            row("reports per second", lambda part: f"{part['reports'] / 60 / part['minutes']:,.0f}"),
            row("failed writes", lambda part: str(part["failed"])),
            row("acknowledged reports that are not in the store", lambda part: str(part["reports"] - part["stored"])),
            row("the file is sound", lambda part: "yes" if part["sound"] else "NO"),
            row("ms of a write, median", lambda part: f"{1e3 * part['median']:.2f}"),
            row("99 %", lambda part: f"{1e3 * part['p99']:.1f}"),
            row("99.99 %", lambda part: f"{1e3 * part['p9999']:.0f}"),
            row("longest", lambda part: f"{1e3 * part['longest']:.0f}"),
            row("writes over 100 ms, of a million", lambda part: f"{1e6 * part['over_100_ms'] / part['reports']:.0f}"),
            row("bytes of the store per report", lambda part: f"{part['bytes'] / part['reports']:.1f}"),
            row("log, MB: largest", lambda part: f"{part['largest_log'] / 1e6:.1f}"),
            row("log, MB: at the end", lambda part: f"{part['log'] / 1e6:.1f}"),
            row("times the server was killed", lambda part: str(part["kills"])),
            row("pages shown", lambda part: viewed(part.get("shown", 0))),
            row("pages not shown: while the server was away, else",
                lambda part: f"{part.get('missed', 0) - part.get('unexplained', 0)}, {part.get('unexplained', 0)}"),
            row("server, MB", lambda part: f"{part['memory']:.0f}"),
            row("processors: workers", processors("workers")), row("the server", processors("server")),
            row("browsers", processors("browsers")), row("other programs", processors("others"))])) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of each of the three parts")
    parser.add_argument("--apart", type=float, default=5, help="minutes of the parts on halves of the processors; 0: none")
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    parser.add_argument("--write", action="store_true", help="results/dashboard-load.{md,json}")
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    given.chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not given.chromium:
        fail("there is no Chromium: apt-get install chromium")
    parts = {}

    def part(name, *words, **more):
        print(f"{name}, from {datetime.datetime.now():%H:%M}", file=sys.stderr)
        parts[name] = measure(given, folder / str(len(parts)), *words, **more)
        print(json.dumps(parts[name]), file=sys.stderr)

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        dashboard = {"server": lambda store: [given.ours, "dashboard", "--store", store, "--port", "PORT"], "addresses": PAGES}
        part("no viewers", given.minutes)
        (folder / "static").mkdir()
        for name in STUDIES:
            subprocess.run([given.ours, "report", "--store", folder / "0" / "load.db", "--study", name, "--out",
                            folder / "static" / f"{name}.html"], check=True, env=environment())
        part("browsers on static pages", given.minutes, addresses=[f"{name}.html" for name in STUDIES], server=lambda _: [
            sys.executable, "-m", "http.server", "PORT", "--bind", "127.0.0.1", "--directory", folder / "static"])
        part("browsers on the dashboard", given.minutes, **dashboard)
        if given.apart:
            part("apart: no viewers", given.apart, is_apart=True)
            part("apart: browsers on the dashboard", given.apart, is_apart=True, **dashboard)
    report = markdown(given, parts)
    print(report)
    if given.write:
        (HERE / "results" / "dashboard-load.md").write_text(report)
        (HERE / "results" / "dashboard-load.json").write_text(json.dumps({"parts": parts}, indent=2) + "\n")


if __name__ == "__main__":
    main()
