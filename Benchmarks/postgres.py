#!/usr/bin/env python3
"""Studies in PostgreSQL, timed: Outerloop's beside Optuna 5's on the same server, and what a network adds.

    Benchmarks/peers/install.sh optuna
    swift build -c release --product outerloop
    python3 Benchmarks/postgres.py [--rounds 3] [--workers 1,4,16,64] [--many 100000] [--write]

The server is this script's own, in a temporary folder, with PostgreSQL's usual settings (but for `max_connections`): a
commit is on disk when it is answered. Workers are processes on one study, each a Python program that asks, reports one
epoch and tells: ours through `outerloop serve --stdio`, Optuna's through its RDBStorage, over a Unix socket, in turn, a
round after the other, each study in a new database. What the network adds is measured between two network namespaces
(as root; Tests/Network/network.py). --write writes Benchmarks/results/postgres.{json,md}. Standard library only.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from hypergradients import HERE, cores, environment, fail, processor

sys.path.insert(0, str(HERE.parent / "Tests" / "Network"))
import network  # noqa: E402
import server as servers  # noqa: E402

PEER = HERE / "peers" / "optuna"
# In all, whoever does them.
TRIALS = {"outerloop": 480, "optuna": 128}
REPORTS = {"outerloop": 1600, "optuna": 480}
ADDED = (0, 1, 20)
DIMENSIONS = [f"x{index}" for index in range(5)]


class Served:
    """`outerloop serve --stdio`, line by line."""

    def __init__(self, command, store, study, **definition):
        self.process = subprocess.Popen(
            [command, "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.say("hello", protocol=1)
        self.say("open", store=store, study=study, **definition)

    def say(self, operation, **fields):
        self.process.stdin.write(json.dumps({"id": 1, "op": operation, **fields}) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if "error" in reply:
            fail(f"{operation}: {reply['error']}")
        return reply["ok"]

    def end(self):
        self.say("end")
        self.process.wait()


DEFINITION = {
    "parameters": [f"{name}=float(-10, 10)" for name in DIMENSIONS], "objectives": [{"metric": "loss"}],
    "sampler": "random", "seed": 0}


def work(options):
    """A worker: opens the study, says so, waits for a line, and works. Prints when it began and ended."""
    served = Served(options.command, options.store, "speed", **DEFINITION)
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    if options.loop == "reports":
        number = served.say("ask")["trial"]["number"]
        begin = time.monotonic()
        for epoch in range(1, options.count + 1):
            served.say("report", trial=number, epoch=epoch, values={"loss": 0.5})
    else:
        for _ in range(options.count):
            trial = served.say("ask")["trial"]
            loss = sum(value ** 2 for value in trial["params"].values())
            served.say("report", trial=trial["number"], epoch=1, values={"loss": loss})
            served.say("tell", trial=trial["number"])
    end = time.monotonic()
    print(json.dumps({"begin": begin, "end": end}), flush=True)
    # What is still held, the one trial of the reports, is given back.
    served.end()


def rate(words, workers, each):
    """What so many processes do a second, from the first to begin to the last to end, all of them ready before."""
    crowd = [subprocess.Popen([str(word) for word in words], env=environment(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    for process in crowd:
        if process.stdout.readline().strip() != "ready":
            fail(f"a process of {words} failed")
    for process in crowd:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [json.loads(process.stdout.readline()) for process in crowd]
    for process in crowd:
        process.communicate()
    if any(process.returncode != 0 for process in crowd):
        fail(f"a process of {words} failed")
    return workers * each / (max(one["end"] for one in said) - min(one["begin"] for one in said))


class Server:
    """A server on a Unix socket."""

    class Host:
        @staticmethod
        def words(*words):
            # Who is not root does not change the user either.
            words = [str(word) for word in words]
            return words if os.geteuid() == 0 else words[words.index("--") + 1:]

    def __init__(self, folder, host=None):
        if servers.programs() is None:
            fail("PostgreSQL is not installed: apt-get install postgresql, or name its programs by OUTERLOOP_PG_BIN")
        settings = {"shared_buffers": "'128MB'", "max_wal_size": "'1GB'"}
        if host is None:
            settings["listen_addresses"] = "''"
        self.server = servers.Server(host or self.Host, folder, settings)
        self.folder, self.host, self.count = folder, host, 0
        self.version = self.server.query("SHOW server_version")[0][0]

    def database(self):
        self.count += 1
        self.server.query(f"CREATE DATABASE b{self.count}")
        return f"b{self.count}"

    def ours(self, database):
        if self.host:
            return f"postgres://net@{self.host.address}/{database}"
        return f"postgres:///{database}?host={self.folder}&user=net"

    def theirs(self, database):
        if self.host:
            return f"postgresql+psycopg2://net@{self.host.address}/{database}"
        return f"postgresql+psycopg2://net@/{database}?host={self.folder}"

    def commit(self):
        """Milliseconds of a transaction that writes a row, and of a query, of one client on the socket."""
        self.server.query("CREATE TABLE IF NOT EXISTS commits (x int)")
        found = []
        for sql in ("INSERT INTO commits VALUES (1);", "SELECT 1;"):
            script = pathlib.Path(f"{self.folder}.sql")
            script.write_text(sql)
            done = subprocess.run(
                [self.server.bin / "pgbench", "-n", "-M", "prepared", "-f", script, "-t", "1000", "-h", self.folder,
                 "-U", "net", "postgres"], capture_output=True, text=True, cwd="/")
            script.unlink()
            line = next((line for line in done.stdout.splitlines() if line.startswith("latency average")), None)
            found.append(float(line.split()[3]) if line else None)
        return found


    def listener(self, connections=64, commits=500):
        """Microseconds of a processor that an event costs for each connection that listens, in the server."""
        hold = "\n".join([
            "import psycopg2, sys",
            f"crowd = [psycopg2.connect(sys.argv[1]) for _ in range({connections})]",
            "for one in crowd: one.autocommit = True; one.cursor().execute('LISTEN outerloop_1')",
            "print('ready', flush=True); sys.stdin.readline()"])

        def processor():
            ticks = 0
            for child in subprocess.run(["pgrep", "-P", str(self.server.process)], capture_output=True, text=True).stdout.split():
                with contextlib.suppress(OSError):
                    ticks += sum(map(int, pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")")[-1].split()[11:13]))
            return ticks / os.sysconf("SC_CLK_TCK")

        self.server.query("CREATE TABLE IF NOT EXISTS commits (x int)")
        script = pathlib.Path(f"{self.folder}.sql")
        script.write_text("BEGIN;\nINSERT INTO commits VALUES (1);\nSELECT pg_notify('outerloop_1', '1');\nCOMMIT;\n")
        held = subprocess.Popen([PEER / ".venv" / "bin" / "python", "-c", hold, f"host={self.folder} user=net dbname=postgres"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        held.stdout.readline()
        before = processor()
        subprocess.run([self.server.bin / "pgbench", "-n", "-f", script, "-t", str(commits), "-h", self.folder, "-U", "net",
                        "postgres"], check=True, capture_output=True, cwd="/")
        used = processor() - before
        held.communicate("end\n")
        script.unlink()
        return 1e6 * used / commits / connections


class Race:
    def __init__(self, options):
        self.options, self.found = options, {}
        self.python = PEER / ".venv" / "bin" / "python"

    def keep(self, what, side, value):
        self.found.setdefault(what, {}).setdefault(side, []).append(value)
        print(f"{what}, {side}: {value:.4g}", flush=True)

    def worker(self, store, loop, count):
        return [sys.executable, __file__, "--worker", "--command", self.options.command, "--store", store, "--loop",
                loop, "--count", count]

    def peer(self, url, loop, count):
        return [self.python, PEER / "storage.py", "--url", url, "--loop", loop, "--trials", count, "--wait"]

    def workers(self, server):
        for workers in self.options.workers:
            what = f"trials a second, {workers} worker{'s' if workers > 1 else ''}"
            each = max(4, TRIALS["outerloop"] // workers)
            self.keep(what, "outerloop", rate(
                self.worker(server.ours(server.database()), "ask", each), workers, each))
            url, each = server.theirs(server.database()), max(2, TRIALS["optuna"] // workers)
            rate(self.peer(url, "ask", 1), 1, 1)
            self.keep(what, "optuna", rate(self.peer(url, "ask", each), workers, each))
        what, each = "reports a second, 16 workers", REPORTS["outerloop"] // 16
        self.keep(what, "outerloop", rate(self.worker(server.ours(server.database()), "reports", each), 16, each))
        url, each = server.theirs(server.database()), REPORTS["optuna"] // 16
        rate(self.peer(url, "ask", 1), 1, 1)
        self.keep(what, "optuna", rate(self.peer(url, "reports", each), 16, each))

    def latency(self, server, hosts):
        """Milliseconds of a trial of one worker whose packets take longer."""
        away = hosts["worker"]
        for added in ADDED:
            what = f"milliseconds a trial, 1 worker, {added} ms added to a round trip"
            # Each packet passes this host once.
            away.delay = added / 2000
            each = 60 if added < 20 else 20
            self.keep(what, "outerloop", 1000 / rate(
                away.words(*self.worker(server.ours(server.database()), "ask", each)), 1, each))
            url, each = server.theirs(server.database()), 20 if added < 20 else 5
            away.delay = 0
            rate(away.words(*self.peer(url, "ask", 1)), 1, 1)
            away.delay = added / 2000
            self.keep(what, "optuna", 1000 / rate(away.words(*self.peer(url, "ask", each)), 1, each))
        away.delay = 0

    def wake(self, store, side, folder):
        """From the answer to an `enqueue` to the start of the program of a worker that waited, starting it included."""
        times = pathlib.Path(folder) / "times"
        times.write_text("")
        program = ["sh", "-c", f"date +%s.%N >> {times}; echo '{{\"loss\": 1}}'"]
        words = [self.options.command, "tune", "--study", "wake", "--store", store, "--param", "x=float(0, 1)",
                 "--minimize", "loss", "--trials", "1", "--no-progress", "--quiet", "--", *program]
        subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        served = Served(self.options.command, store, "wake")
        served.say("budget", more=1)
        served.say("ask")
        worker = subprocess.Popen(
            [self.options.command, "worker", "--study", "wake", "--store", store, "--no-progress", "--quiet"], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        delays = []
        for count in range(2, 42):
            served.say("enqueue", params={"x": count / 100})
            told = time.time()
            while len(lines := times.read_text().splitlines()) < count:
                time.sleep(0.002)
                if time.time() > told + 20:
                    fail("the worker was not woken up")
            delays.append(1000 * (float(lines[count - 1]) - told))
            time.sleep(0.1)
        served.end()
        worker.terminate()
        worker.wait()
        self.keep("milliseconds from an answered enqueue to the program of a waiting worker, median", side,
                  statistics.median(delays))
        self.keep("the same, worst of 40", side, max(delays))

    def many(self, server, folder):
        """An ask after very many trials, in a file and on the server."""
        count = self.options.many
        file, url = f"{folder}/many.db", server.ours(server.database())
        served = Served(self.options.command, file, "speed", **DEFINITION)
        for number in range(count):
            params = {name: (number * (place + 3) % 9973) / 9973 for place, name in enumerate(DIMENSIONS)}
            served.say("add", params=params, values={"loss": number % 997 / 997})
        served.end()
        start = time.monotonic()
        subprocess.run([self.options.command, "copy", file, url, "--without-files"], check=True, capture_output=True, cwd=folder)
        self.keep(f"seconds to copy a study of {count:,} trials", "outerloop", time.monotonic() - start)
        for _ in range(3):
            for side, store in (("outerloop", url), ("file", file)):
                start = time.monotonic()
                subprocess.run([self.options.command, "ask", "--study", "speed", "--store", store, "--json"],
                               check=True, capture_output=True, cwd=folder)
                self.keep(f"milliseconds, command `ask` after {count:,} trials", side, 1000 * (time.monotonic() - start))
        for side, store in (("outerloop", url), ("file", file)):
            served = Served(self.options.command, store, "speed")
            served.say("ask")
            times = []
            for _ in range(30):
                start = time.monotonic()
                served.say("ask")
                times.append(1000 * (time.monotonic() - start))
            for part in statistics.quantiles(times, n=4):
                self.keep(f"milliseconds, `ask` of a running process after {count:,} trials (quartiles of 30)", side, part)
            served.end()


def shown(values):
    if not values:
        return "-"
    return f"{statistics.median(values):.3g} [{min(values):.3g}, {max(values):.3g}]"


def table(found, about, options):
    lines = [
        "# A store on a server", "",
        f"PostgreSQL {about['server']}, {processor()}, {cores()} cores, server and workers on one machine, load average "
        f"{about['load'][0]:.2f} at the start and {about['load'][1]:.2f} at the end. A commit of one row takes "
        f"{about['commit'][0]:.2f} ms and is on disk then, a query {about['commit'][1]:.2f} ms (pgbench, one client); an event takes "
        f"{about['listener']:.0f} microseconds of a processor in the server for each connection that listens. "
        f"Median of up to {options.rounds} rounds, least to most in brackets.", "",
        "| what | Outerloop | Optuna | Outerloop, a file |", "|---|---:|---:|---:|"]
    for what, sides in found.items():
        lines.append(f"| {what} | {' | '.join(shown(sides.get(side)) for side in ('outerloop', 'optuna', 'file'))} |")
    slope = [None, None]
    for place, side in enumerate(("outerloop", "optuna")):
        times = [found.get(f"milliseconds a trial, 1 worker, {added} ms added to a round trip", {}).get(side)
                 for added in (ADDED[0], ADDED[-1])]
        if all(times):
            slope[place] = (statistics.median(times[1]) - statistics.median(times[0])) / ADDED[-1]
    about["roundTrips"] = slope
    if slope[0] is not None:
        lines += ["", f"From {ADDED[-1]} ms more to a round trip follow the round trips of a trial: {slope[0]:.1f} of "
                  f"Outerloop's, {slope[1]:.1f} of Optuna's."]
    lines += [
        "", "A trial is proposed at random in five dimensions, claimed, reported once and finished, from Python: through "
        "`outerloop serve --stdio` (ours), by ask, five suggestions, report and tell (Optuna's). Optuna's workers do not "
        "wait for events: there is nothing to compare with. Workers and server share the processors: with 16 and more "
        "workers these are what is measured.",
        "", "    python3 Benchmarks/postgres.py --write", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")], default=[1, 4, 16, 64])
    parser.add_argument("--many", type=int, default=100_000, help="trials of the study that is asked; 0: none")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--command", default=str(HERE.parent / ".build" / "release" / "outerloop"))
    # Of the workers that this script starts.
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    parser.add_argument("--loop", choices=["ask", "reports"], default="ask", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options)
    if not os.access(options.command, os.X_OK):
        fail("build first: swift build -c release --product outerloop")
    options.command = os.path.abspath(options.command)
    if not (PEER / ".venv").exists():
        fail("install first: Benchmarks/peers/install.sh optuna")
    folder = tempfile.mkdtemp(prefix="bench-pg-", dir="/tmp")
    os.chmod(folder, 0o755)
    race, load = Race(options), os.getloadavg()[0]
    ends = contextlib.ExitStack()
    ends.callback(shutil.rmtree, folder, ignore_errors=True)
    with ends:
        server = Server(f"{folder}/local")
        ends.callback(server.server.remove)
        commit = server.commit()
        listener = server.listener()
        print(f"commit {commit[0]} ms, query {commit[1]} ms, {listener:.0f} microseconds for each that listens")
        why, away, hosts = network.missing(), None, None
        if why:
            print(f"note: what a network adds is left out: {why}")
        else:
            hosts = network.Network(["server", "worker"])
            ends.callback(hosts.close)
            away = Server(f"{folder}/away", hosts["server"])
            ends.callback(away.server.remove)
        # Ctrl-C ends it with what has been measured.
        with contextlib.suppress(KeyboardInterrupt):
            if options.many:
                race.many(server, folder)
            for round_number in range(options.rounds):
                file = f"{folder}/wake{round_number}.db"
                for side, store in (("outerloop", server.ours(server.database())), ("file", file)):
                    race.wake(store, side, folder)
                if away:
                    race.latency(away, hosts)
                race.workers(server)
        about = {"server": server.version, "commit": commit, "listener": listener, "load": [load, os.getloadavg()[0]],
                 "processor": processor(), "cores": cores()}
    text = table(race.found, about, options)
    print(text)
    if options.write:
        results = HERE / "results"
        (results / "postgres.md").write_text(text)
        (results / "postgres.json").write_text(json.dumps(about | {"runs": race.found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
