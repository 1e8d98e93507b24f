#!/usr/bin/env python3
"""A search by workers on eight hosts whose network, server, disk and processes fail, again and again.

    python3 Tests/Network/survive.py [--kills 1000] [--seed 1] [--command outerloop] [--probe StoreProbe]

Hosts are network namespaces (see network.py); the server is PostgreSQL on a host of its own, with a synchronous standby
on another one. Workers are killed (SIGKILL) and started again all the time, and meanwhile, in turn: the server is
restarted (fast, immediate), killed (SIGKILL), and one of its processes; the network delays and loses packets; a host is
cut off for longer than its lease, and the server from everybody; the server's disk is full; and the server is cut off
for good, and its standby promoted. Two hosts' clocks are an hour off, where libfaketime is installed. Beside the search,
writers on a second study print what they were answered. In the end everything heals, the search comes to its end, and
laws.py has to hold. Linux, as root. Standard library only.
"""

import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import laws
import network
import server

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOSTS = [f"host{number}" for number in range(1, 9)]
LEASE = 6
# What commands say that begin while the server cannot be reached, or does not take writes.
AWAY = ("cannot be reached", "has run out of something", "held by another process")
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
CLOCKS = {"host3": "+3600s", "host4": "-3600s"}


class Running:
    """A process on a host, its output in a file."""

    def __init__(self, arena, host, kind, words):
        self.host, self.kind = host, kind
        arena.count += 1
        self.output = arena.folder / "output" / f"{arena.count}-{kind}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "OUTERLOOP"))}
        environment |= {"OUTERLOOP_STORE": arena.url, "SWIFT_BACKTRACE": "enable=no"}
        if FAKETIME.exists() and host in CLOCKS:
            environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": CLOCKS[host], "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        with open(self.output, "w") as file:
            self.process = subprocess.Popen(
                arena.network[host].words(*words), cwd=arena.folder / "work", env=environment, stdout=file,
                stderr=file, stdin=subprocess.DEVNULL)

    @property
    def text(self):
        return self.output.read_text()


class Arena:
    def __init__(self, options):
        self.options, self.count, self.kills = options, 0, 0
        self.random = random.Random(options.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="outerloop-network-"))
        self.folder.chmod(0o755)
        for name in ("output", "work", "disk"):
            (self.folder / name).mkdir()
        shutil.copy(HERE / "program.sh", self.folder / "work")
        # The disk of the server, which can be filled.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m,mode=755", "tmpfs", self.folder / "disk"], check=True)
        self.network = network.Network(["primary", "standby", *HOSTS], options.seed)
        self.crowd, self.failures, self.writers, self.troubles = [], [], [], []
        self.primary = self.standby = None
        self.is_full = False

    def begin(self):
        self.primary = server.Server(self.network["primary"], self.folder / "disk" / "primary")
        self.primary.query("CREATE DATABASE runs")
        self.standby = server.Server(
            self.network["standby"], self.folder / "standby", {"primary_slot_name": "''"}, self.primary)
        # An answered commit is on both.
        self.primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.query("SELECT pg_reload_conf()")
        hosts = f"{self.primary.host.address},{self.standby.host.address}"
        self.url = f"postgres://net@{hosts}/runs?target_session_attrs=read-write"
        self.start("host1", "runner", [
            self.options.command, "tune", "--study", "search", "--param", "x=int(0, 1000000)", "--minimize", "loss",
            "--sampler", "random", "--seed", "1", "--epochs", laws.EPOCHS, "--scheduler", "none", "--trials", "1000000",
            "--lease", f"{LEASE}s", "--no-progress", "--", "sh", "program.sh", "{trial}", "{from}", "{to}", "{x}",
            "{checkpoint}"])
        self.wait(lambda: self.query("SELECT count(*) FROM outerloop.trials") != [["0"]], "the first trial")

    def query(self, sql):
        end = time.monotonic() + 60
        while True:
            try:
                return self.primary.query(sql, "runs")
            except RuntimeError as error:
                if "outerloop." in str(error) and "does not exist" in str(error):
                    return [["0"]]
                # A server that was killed recovers for a while.
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    @staticmethod
    def wait(holds, what, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise laws.Broken(f"waited {seconds} s for {what}")
            time.sleep(0.2)

    # Who works.

    def start(self, host, kind, words):
        running = Running(self, host, kind, words)
        self.crowd.append(running)
        return running

    def start_worker(self, host):
        self.start(host, "worker", [
            self.options.command, "worker", "--study", "search", "--lease", f"{LEASE}s", "--no-progress"])

    def start_writer(self, host):
        writer = self.start(host, "writer", [self.options.probe, "work", self.url, "100"])
        self.writers.append(writer)

    def fill_up(self):
        """Somebody works on each host; writers on three."""
        for running in [one for one in self.crowd if one.process.poll() is not None]:
            self.crowd.remove(running)
            self.took(running)
        busy = {(one.host, "writer" if one.kind == "writer" else "worker") for one in self.crowd}
        for host in HOSTS:
            if (host, "worker") not in busy:
                self.start_worker(host)
        for host in ("host2", "host3", "host5"):
            if (host, "writer") not in busy:
                self.start_writer(host)

    def took(self, running):
        code, text = running.process.returncode, running.text
        if code == -signal.SIGKILL or (code != 0 and any(words in text for words in AWAY) and "tried for" not in text):
            return
        # There are more trials than anybody gets to.
        if True:
            self.failures.append(f"{running.kind} on {running.host} ended with {code}:\n{text[-1500:]}")

    def kill_one(self):
        victims = [one for one in self.crowd if one.process.poll() is None]
        if victims:
            self.random.choice(victims).process.kill()
            self.kills += 1

    # What goes wrong. Each heals before it returns.

    def restart_fast(self):
        self.primary.stop("fast")
        self.primary.start()

    def restart_immediate(self):
        self.primary.stop("immediate")
        self.primary.start()

    def kill_server(self):
        self.primary.kill()
        time.sleep(1)
        self.primary.start()

    def kill_one_of_the_server(self):
        pid = self.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'outerloop' LIMIT 1")
        if pid:
            os.kill(int(pid[0][0]), signal.SIGKILL)
        # The server ends all others and starts anew.
        time.sleep(2)

    def delay_and_loss(self):
        for host in HOSTS:
            self.network[host].delay, self.network[host].loss = 0.01, 0.02
        time.sleep(8 * self.options.stretch)
        for host in HOSTS:
            self.network[host].delay = self.network[host].loss = 0.0

    def cut_host(self):
        """Its trials are given to others, and what it says afterwards is refused."""
        host = self.network[self.random.choice(HOSTS[1:])]
        host.is_cut = True
        time.sleep(LEASE + 4)
        if self.options.stretch > 1:
            # The server notices too, and has no connections left that nobody uses.
            left = f"SELECT count(*) FROM pg_stat_activity WHERE client_addr = '{host.address}'"
            self.wait(lambda: self.query(left) == [["0"]], f"the server to end the connections of {host.name}", 40)
        host.is_cut = False

    def cut_server(self):
        self.network["primary"].is_cut = True
        time.sleep(4 * self.options.stretch)
        self.network["primary"].is_cut = False

    def fill_disk(self):
        ballast = self.folder / "disk" / "ballast"
        self.is_full = True
        try:
            with open(ballast, "wb") as file:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
        except OSError:
            pass
        time.sleep(6 * self.options.stretch)
        ballast.unlink()
        self.is_full = False
        # A server that could not write its log has ended.
        if self.primary.run("pg_ctl", "status", "-D", self.primary.data, check=False) != 0:
            self.primary.start()

    def fail_over(self):
        """The server is cut off, and never comes back as what it was."""
        self.network["primary"].is_cut = True
        time.sleep(2)
        self.standby.query("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.standby.promote()
        former, self.primary, self.standby = self.primary, self.standby, None
        former.stop("immediate")
        self.network["primary"].is_cut = False
        # As many come back as there were.
        time.sleep(10)

    def suffer(self):
        """Everything once, and then again without what cannot be repeated."""
        first = [self.delay_and_loss, self.restart_fast, self.cut_host, self.kill_server, self.fill_disk,
                 self.cut_server, self.restart_immediate, self.kill_one_of_the_server, self.fail_over]
        later = [trouble for trouble in first if trouble not in (self.fail_over, self.fill_disk)]
        try:
            for trouble in first:
                self.one(trouble)
            self.are_all_done = True
            while not self.is_over:
                self.one(self.random.choice(later))
        except Exception as error:  # noqa: BLE001
            self.failures.append(f"the test itself failed: {type(error).__name__}: {error}")
            self.are_all_done = True

    def one(self, trouble):
        before = int(self.query("SELECT count(*) FROM outerloop.events")[0][0])
        start = time.monotonic()
        trouble()
        # The search goes on after each.
        self.wait(lambda: int(self.query("SELECT count(*) FROM outerloop.events")[0][0]) > before + 20,
                  f"events after {trouble.__name__}", 120)
        print(f"{trouble.__name__}: {time.monotonic() - start:.1f} s, {self.kills} kills so far", flush=True)
        self.troubles.append(trouble.__name__)
        time.sleep(2)

    def rage(self):
        self.is_over = self.are_all_done = False
        thread = threading.Thread(target=self.suffer)
        thread.start()
        pause = self.options.pause
        while self.kills < self.options.kills or not self.are_all_done:
            self.fill_up()
            time.sleep(self.random.uniform(0, 2 * pause))
            self.kill_one()
            if self.failures:
                break
        self.is_over = True
        thread.join()

    def calm_down(self):
        """Ends everybody, gives the search its last trials, and lets it come to its end."""
        for running in self.crowd:
            running.process.kill()
            running.process.wait()
            self.took(running)
        self.crowd = []
        trials = int(self.query("SELECT count(*) FROM outerloop.trials t JOIN outerloop.studies s ON s.id = t.study "
                                "WHERE s.name = 'search'")[0][0])
        last = [self.start("host1", "runner", [
            self.options.command, "resume", "--study", "search", "--trials", trials + 16, "--no-progress"])]
        time.sleep(1)
        for host in HOSTS[1:]:
            self.start_worker(host)
        last = list(self.crowd)
        end = time.monotonic() + 180
        for running in last:
            try:
                running.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                running.process.kill()
                self.failures.append(f"the {running.kind} on {running.host} does not end:\n{running.text[-1500:]}")
                continue
            if running.process.returncode != 0:
                self.failures.append(f"the {running.kind} on {running.host} failed:\n{running.text[-1500:]}")
        self.crowd = []

    def check(self):
        print(laws.check_search(self.query, laws.Journal(self.folder / "work" / "journal")))
        lines = [line for writer in self.writers for line in writer.text.splitlines()]
        print(laws.check_writers(self.query, lines))
        # The tables are what the events add up to: a copy is made of events alone.
        def records(store):
            done = subprocess.run(
                self.network["host1"].words(
                    self.options.command, "export", "--study", "search", "--format", "jsonl", "--store", store),
                capture_output=True, text=True, cwd=self.folder / "work", check=True)
            return done.stdout
        copied = self.folder / "copy.db"
        subprocess.run(
            self.network["host1"].words(
                self.options.command, "copy", self.url, copied, "--study", "search", "--without-files"),
            check=True, capture_output=True, cwd=self.folder / "work")
        if records(self.url) != records(copied):
            raise laws.Broken("the tables are not what the events add up to")

    def end(self):
        for running in self.crowd:
            running.process.kill()
            running.process.wait()
        for one in (self.primary, self.standby):
            if one is not None:
                one.remove()
        self.network.close()
        subprocess.run(["umount", "-l", self.folder / "disk"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between two kills")
    parser.add_argument("--stretch", type=float, default=1, help="how much longer troubles take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", type=pathlib.Path, default=ROOT / ".build/debug/outerloop")
    parser.add_argument("--probe", type=pathlib.Path, default=ROOT / ".build/debug/StoreProbe")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a run that failed")
    options = parser.parse_args()
    why = network.missing() or (None if server.programs() else "PostgreSQL is not installed: make postgres")
    if why:
        print(f"skipped: {why}")
        return 0
    options.command, options.probe = options.command.resolve(), options.probe.resolve()
    for program in (options.command, options.probe):
        if not program.exists():
            print(f"error: {program} is not built: swift build --build-tests", file=sys.stderr)
            return 1
    if not FAKETIME.exists():
        print("note: libfaketime is not installed, and all hosts have the same clock: apt-get install libfaketime")
    start = time.monotonic()
    arena = Arena(options)
    try:
        arena.begin()
        arena.rage()
        arena.calm_down()
        if arena.failures:
            raise laws.Broken("\n\n".join(arena.failures[:5]))
        arena.check()
    except laws.Broken as broken:
        print(f"error: after {arena.kills} kills and {arena.troubles}, seed {options.seed}:\n{broken}", file=sys.stderr)
        if options.keep:
            kept = tempfile.mkdtemp(prefix="outerloop-kept-")
            shutil.copytree(arena.folder / "output", f"{kept}/output")
            for one in (arena.primary, arena.standby):
                if one is not None:
                    shutil.copy(f"{one.folder}/log", f"{kept}/log-{one.host.name}")
            print(f"kept in {kept}", file=sys.stderr)
        return 1
    finally:
        arena.end()
    print(f"{arena.kills} kills, {len(arena.troubles)} failures of server and network, "
          f"{arena.network.packets} packets, {arena.network.lost} lost, {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
