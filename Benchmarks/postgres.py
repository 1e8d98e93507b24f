#!/usr/bin/env python3
"""Races Outerloop's studies in PostgreSQL against Optuna 5 on the same server.

    python3 Benchmarks/postgres.py [--rounds 3] [--write]

The server is this script's own, in a temporary folder, with PostgreSQL's usual settings: a commit is on disk when it
is answered. Processes work on one study over a Unix socket, in turn with Optuna's, a round after the other, each study in
a new database. --write writes Benchmarks/results/postgres.{json,md}. Standard library only.
"""

import argparse
import contextlib
import glob
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from hypergradients import HERE, cores, environment, fail, processor

BENCH = HERE / ".build" / "release" / "search-bench"
PEER = HERE / "peers" / "optuna"
WORKERS = (1, 4, 16)
# In all, whoever does them.
TRIALS = {"outerloop": 2000, "optuna": 160}
REPORTS = {"outerloop": 8000, "optuna": 800}


def programs():
    places = [os.environ.get("OUTERLOOP_PG_BIN")] + os.environ["PATH"].split(":")
    places += sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    for place in filter(None, places):
        if all((pathlib.Path(place) / name).exists() for name in ("initdb", "pg_ctl", "psql")):
            return pathlib.Path(place)
    fail("PostgreSQL is not installed: apt-get install postgresql, or name its programs by OUTERLOOP_PG_BIN")


class Server:
    def __init__(self, folder):
        self.bin, self.folder, self.count = programs(), folder, 0
        self.user = []
        if os.getuid() == 0:
            self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            os.chown(folder, 65534, 65534)
        self.run("initdb", "-D", f"{folder}/data", "-U", "bench", "--auth=trust", "--locale=C", "--encoding=UTF8")
        with open(f"{folder}/data/postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\n")
        self.run("pg_ctl", "start", "-w", "-s", "-D", f"{folder}/data", "-l", f"{folder}/log")

    def run(self, program, *words):
        with open(f"{self.folder}.out", "w") as output:
            done = subprocess.run([*self.user, str(self.bin / program), *words], stdout=output, stderr=output, cwd="/")
        if done.returncode != 0:
            fail(pathlib.Path(f"{self.folder}.out").read_text())

    def psql(self, sql):
        return subprocess.run(
            [str(self.bin / "psql"), "-XqAt", "-h", self.folder, "-U", "bench", "-d", "postgres", "-c", sql],
            check=True, capture_output=True, text=True).stdout.strip()

    def database(self):
        self.count += 1
        self.psql(f"CREATE DATABASE b{self.count}")
        return f"b{self.count}"

    def stop(self):
        self.run("pg_ctl", "stop", "-m", "fast", "-w", "-s", "-D", f"{self.folder}/data")


def together(words, workers):
    """Seconds from the first start to the last end, and what each printed."""
    start = time.perf_counter()
    crowd = [subprocess.Popen([str(word) for word in words], env=environment(), stdout=subprocess.PIPE, text=True)
             for _ in range(workers)]
    said = [process.communicate()[0] for process in crowd]
    seconds = time.perf_counter() - start
    if any(process.returncode != 0 for process in crowd):
        fail(f"a process of {words} failed")
    return seconds, [json.loads(text.strip().splitlines()[-1]) for text in said]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if not BENCH.exists():
        fail("build first: swift build -c release --package-path Benchmarks --product search-bench")
    python = PEER / ".venv" / "bin" / "python"
    folder = tempfile.mkdtemp(prefix="bench-pg-", dir="/tmp")
    server = Server(folder)
    found = {}

    def keep(what, side, value):
        found.setdefault(what, {}).setdefault(side, []).append(value)
        print(f"{what}, {side}: {value:.4g}", flush=True)

    def url(database):
        return f"postgres:///{database}?host={folder}&user=bench"

    def peer(database):
        return f"postgresql+psycopg2://bench@/{database}?host={folder}"

    try:
        for _ in range(options.rounds):
            for workers in WORKERS:
                what = f"trials a second, {workers} process{'es' if workers > 1 else ''}"
                database = url(server.database())
                # All processes share one budget; what starting costs is left out.
                _, said = together([BENCH, "store", "--store", database, "--trials", TRIALS["outerloop"]], workers)
                keep(what, "outerloop", sum(one["trials"] for one in said) / max(one["seconds"] for one in said))
                database = peer(server.database())
                together([python, PEER / "storage.py", "--url", database, "--trials", 1], 1)
                each = TRIALS["optuna"] // workers
                _, said = together([python, PEER / "storage.py", "--url", database, "--trials", each], workers)
                keep(what, "optuna", each * workers / max(one["seconds"] for one in said))
            database = url(server.database())
            each = REPORTS["outerloop"] // 16
            _, said = together([BENCH, "reports", "--store", database, "--count", each], 16)
            keep("reports a second, 16 processes", "outerloop", 16 * each / max(one["seconds"] for one in said))
            database = peer(server.database())
            together([python, PEER / "storage.py", "--url", database, "--trials", 1], 1)
            each = REPORTS["optuna"] // 16
            _, said = together(
                [python, PEER / "storage.py", "--url", database, "--loop", "reports", "--trials", each], 16)
            keep("reports a second, 16 processes", "optuna", 16 * each / max(one["seconds"] for one in said))
            _, said = together([BENCH, "wake", "--store", url(server.database()), "--count", 100], 1)
            keep("milliseconds from an answered event to a waiting worker, median", "outerloop",
                 said[0]["median_milliseconds"])
            keep("milliseconds from an answered event to a waiting worker, worst of 100", "outerloop",
                 said[0]["worst_milliseconds"])
        version = server.psql("SHOW server_version")
    finally:
        with contextlib.suppress(Exception):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.unlink(f"{folder}.out")
    lines = [
        "# A store on a server", "",
        f"PostgreSQL {version}, every commit on disk; {processor()}, {cores()} cores, server and workers on one machine; "
        f"median of {options.rounds} rounds, least to most in brackets.", "",
        "| what | Outerloop | Optuna |", "|---|---:|---:|"]

    def shown(values):
        if not values:
            return "-"
        return f"{statistics.median(values):.3g} [{min(values):.3g}, {max(values):.3g}]"

    for what, sides in found.items():
        lines.append(f"| {what} | {shown(sides.get('outerloop'))} | {shown(sides.get('optuna'))} |")
    lines += [
        "", "A trial is proposed at random in five dimensions, claimed, reported once and finished, by the driver that runs "
        "programs' trials (ours) and by ask, suggest, report and tell (Optuna's). Optuna's workers are told of nothing: "
        "they ask again when they like.", "", "    python3 Benchmarks/postgres.py --write"]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        results = HERE / "results"
        (results / "postgres.md").write_text(text)
        (results / "postgres.json").write_text(json.dumps({"server": version, "runs": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
