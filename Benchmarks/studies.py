#!/usr/bin/env python3
"""Races Outerloop's studies in a store against Optuna 5 on SQLite, and times the command.

    python3 Benchmarks/studies.py [--rounds 5] [--quick] [--only ours]

Everything runs in fresh processes, in turn, a round after the other; stores are new files in one
folder. A complete run writes Benchmarks/results/studies.{json,md}; another one writes nothing.
README.md says what is measured. Standard library only.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

from hypergradients import HERE, ROOT, cores, environment, execute, fail, processor, table
from samplers import PYTHON, chosen, spread

BUILT = ROOT / "Benchmarks" / ".build" / "release"
BENCH, COMMAND = BUILT / "search-bench", BUILT / "outerloop"
BUILD = "make bench, or:\n  swift build -c release --static-swift-stdlib --package-path Benchmarks"
PEER = HERE / "peers" / "optuna"

LARGE = 100_000
# Trials of one search: ours through the store, Optuna's as shipped and with a log like ours.
STORE_TRIALS = {"outerloop": 20_000, "shipped": 100, "wal": 300}
TUNE_TRIALS = {"outerloop": 1000, "shipped": 100, "wal": 300}
CROWD_TRIALS = 20_000
REPORTS = 200_000

# One trial that reports a metric a line, up to 50 of them: of 4,000 epochs one after the other, or of
# one epoch all the time.
REPORTER = """
import sys
lines, one = int(sys.argv[1]), sys.argv[2] == "one"
for i in range(lines):
    epoch = "" if one else '"epoch": %d, ' % (i // 50 + 1)
    print('{%s"loss": %d, "metric%d": %d}' % (epoch, i, i % 50, i))
"""

# The same function as in peers/optuna/storage.py, as a persistent program.
PROGRAM = """
import json, sys
for line in sys.stdin:
    params = json.loads(line)["params"]
    print(json.dumps({"loss": sum(x * x for x in params.values())}))
    print('{"done": true}', flush=True)
"""


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options = pathlib.Path(folder), options
        self.runs, self.files = [], 0

    def file(self):
        self.files += 1
        return self.folder / f"{self.files}.db"

    def keep(self, what, side, round_, values):
        self.runs.append({"what": what, "side": side, "round": round_, "load": os.getloadavg()[0]} | values)
        shown = ", ".join(f"{key} {value:.4g}" for key, value in values.items()
                          if isinstance(value, (int, float)))
        print(f"{what}, {side}: {shown}", file=sys.stderr)

    def timed(self, words):
        """Wall and processor seconds of a process, start to end."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run([str(word) for word in words], env=environment(), cwd=self.folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            fail(f"exit status {done.returncode}: {shlex.join(map(str, words))}\n{done.stderr[-2000:]}")
        return {"seconds": seconds, "processor_seconds":
                after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}

    def store(self, round_):
        """A study through the store, asked for and told in one process."""
        trials = STORE_TRIALS["outerloop"] // (10 if self.options.quick else 1)
        self.keep("store", "outerloop", round_, execute(
            [str(BENCH), "store", "--store", str(self.file()), "--trials", str(trials)]))
        for log in self.logs():
            self.keep("store", log, round_, self.optuna("ask", log, STORE_TRIALS[log]))

    def tune(self, round_):
        """`outerloop tune --persistent` against Study.optimize, of the same function in Python."""
        (self.folder / "program.py").write_text(PROGRAM)
        trials = TUNE_TRIALS["outerloop"]
        words = [COMMAND, "tune", "--persistent", "--no-progress", "--sampler", "random"]
        for index in range(5):
            words += ["--param", f"x{index}=float(-10, 10)"]
        words += ["--minimize", "loss"]
        # What starting costs is in both, and falls out of the difference.
        found = {}
        for count in (1, trials + 1):
            found[count] = self.timed([*words, "--trials", count, "--store", self.file(),
                                       "--", sys.executable, "program.py"])
        seconds = found[trials + 1]["seconds"] - found[1]["seconds"]
        self.keep("tune", "outerloop", round_, {
            "trials": trials, "seconds": seconds, "trials_per_second": trials / seconds,
            "processor_seconds": found[trials + 1]["processor_seconds"] - found[1]["processor_seconds"],
            "start_seconds": found[1]["seconds"]})
        for log in self.logs():
            self.keep("tune", log, round_, self.optuna("optimize", log, TUNE_TRIALS[log]))

    def reports(self, round_):
        """A trial that reports in bulk, from the program to the store."""
        (self.folder / "reporter.py").write_text(REPORTER)
        lines = REPORTS // (10 if self.options.quick else 1)
        for kind in ("epochs", "one"):
            file = self.file()
            found = self.timed([COMMAND, "tune", "--no-progress", "--param", "x=float(0, 1)", "--minimize", "loss",
                                "--trials", "1", "--store", file, "--", sys.executable, "reporter.py", lines, kind])
            self.keep("reports", kind, round_, found | {
                "reports": lines, "reports_per_second": lines / found["seconds"],
                "bytes": sum(path.stat().st_size for path in self.folder.glob(file.name + "*") if path.is_file())})

    def start(self, round_):
        for side, word in (("outerloop", COMMAND), ("optuna", PEER / ".venv" / "bin" / "optuna")):
            if side == "optuna" and self.options.only:
                continue
            for _ in range(5):
                self.keep("help", side, round_, self.timed([word, "--help"]))

    def crowd(self, round_):
        """Several processes at once on one store."""
        total = CROWD_TRIALS // (10 if self.options.quick else 1)
        for processes in (1, 2, 4):
            words = [str(BENCH), "store", "--store", str(self.file()), "--trials"]
            execute([*words, "0"])
            words.append(str(total))
            start = time.perf_counter()
            running = [subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True)
                       for _ in range(processes)]
            answers = [one.communicate()[0] for one in running]
            seconds = time.perf_counter() - start
            if any(one.returncode for one in running):
                fail(f"a process of {processes} on one store failed")
            shares = [json.loads(answer)["trials"] for answer in answers]
            if sum(shares) != total:
                fail(f"{processes} processes ran {sum(shares)} trials instead of {total}")
            self.keep("crowd", f"{processes}", round_, {
                "seconds": seconds, "trials_per_second": total / seconds, "shares": shares})

    def large(self, round_, path):
        for what, words in (("trials", ["trials"]), ("last", ["trials", "--last", "20"]),
                            ("json", ["trials", "--json"]), ("best", ["best"]), ("ask", ["ask"])):
            self.keep(what, "outerloop", round_, self.timed([COMMAND, *words, "--store", path]))

    def logs(self):
        return () if self.options.only else ("shipped", "wal")

    def optuna(self, loop, log, trials):
        return execute([str(PYTHON), str(PEER / "storage.py"), "--file", str(self.file()), "--loop", loop,
                        "--log", log, "--trials", str(trials // (5 if self.options.quick else 1))])


def values(runs, key, **wanted):
    return [run[key] for run in chosen(runs, **wanted)]


def yes(met):
    return "yes" if met else "NO"


def markdown(about, runs):
    def ms(what, side="outerloop", key="seconds"):
        found = values(runs, key, what=what, side=side)
        return spread([1000 * value for value in found], 1) if found else ""

    def middle(what, side="outerloop", key="seconds"):
        return statistics.median(values(runs, key, what=what, side=side))

    def ratios(what, side):
        return [b / a for a, b in zip(values(runs, "trials_per_second", what=what, side=side),
                                      values(runs, "trials_per_second", what=what, side="outerloop"))]

    lines = [
        "# Studies in a store", "",
        f"{about['date']}, {about['processor']}, {about['cores']} cores, {about['system']}; load average "
        f"{about['load'][0]:.2f} at the start and {about['load'][1]:.2f} at the end; {about['rounds']} "
        "rounds.", "", f"    {about['command']}", "",
        "Medians of the rounds, least and greatest in brackets. Optuna as shipped waits for the disk at "
        "every commit; `log` gives its SQLite the settings that Outerloop's has.", ""]
    rows = []
    for what, title in (("store", "random search through the store"),
                        ("tune", "the same with a function in Python")):
        cells = [title] + [
            spread(found, 0) if (found := values(runs, "trials_per_second", what=what, side=side)) else ""
            for side in ("outerloop", "shipped", "wal")]
        rows.append(cells + [spread(found, 0) + "x" if (found := ratios(what, side)) else ""
                             for side in ("shipped", "wal")])
    lines += table(["trials per second", "Outerloop", "Optuna as shipped", "Optuna, log",
                    "ours / shipped", "ours / log"], rows)
    lines += ["", "`tune --persistent` with the store, of the whole command: "
              + spread([1000 / rate for rate in values(
                  runs, "trials_per_second", what="tune", side="outerloop")], 2)
              + " ms a trial, of which "
              + spread([1000 * run["processor_seconds"] / run["trials"] for run in chosen(
                  runs, what="tune", side="outerloop")], 2)
              + " ms of a processor, the program's included; started and ended with one trial in " + ms("tune", key="start_seconds")
              + " ms.", "", "Milliseconds from start to end of a process, and of processor time in it:", ""]
    rows = [["`outerloop --help`", ms("help"), ms("help", key="processor_seconds")]]
    if chosen(runs, what="help", side="optuna"):
        rows.append(["`optuna --help`", ms("help", "optuna"), ms("help", "optuna", "processor_seconds")])
    for what, title in (("trials", "trials"), ("last", "trials --last 20"), ("json", "trials --json"),
                        ("best", "best"), ("ask", "ask")):
        rows.append([f"`outerloop {title}`, {LARGE:,} trials", ms(what), ms(what, key="processor_seconds")])
    lines += table(["command", "wall", "processor"], rows)
    lines += ["", "A trial that reports a metric a line, from the program to the store, start and end included:", ""]
    lines += table(["lines", "reports per second", "kB in the store"], [
        [f"{values(runs, 'reports', what='reports', side=side)[0]:,}, {title}",
         spread(values(runs, "reports_per_second", what="reports", side=side), 0),
         spread([size / 1000 for size in values(runs, "bytes", what="reports", side=side)], 0)]
        for side, title in (("epochs", "50 metrics in each epoch"), ("one", "50 metrics of one epoch"))])
    lines += ["", "How a trial through the store grows: milliseconds a trial in the tenth before.", ""]
    filled = chosen(runs, what="fill")
    rows = [[spread([run["marks"][trials] for run in filled], 3)
             for trials in ("1000", "10000", "100000") if trials in filled[0]["marks"]]]
    lines += table([f"{int(trials):,} trials" for trials in ("1000", "10000", "100000")
                    if trials in filled[0]["marks"]], rows)
    lines += ["", f"Processes at once on one store, {CROWD_TRIALS:,} trials together, start included:", ""]
    lines += table(["processes", "trials per second", "least share of one"], [
        [side, spread(values(runs, "trials_per_second", what="crowd", side=side), 0),
         f"{min(min(s) for s in values(runs, 'shares', what='crowd', side=side)):,}"]
        for side in ("1", "2", "4")])
    promises = []
    for side, title in (("shipped", "as shipped"), ("wal", "with a log")):
        if found := ratios("store", side):
            promises.append([f"trials per second, at least 20 times Optuna's {title}",
                             f"{statistics.median(found):.0f}x", yes(statistics.median(found) >= 20)])
    per_trial = 1000 / middle("tune", key="trials_per_second")
    for title, found, limit in (
            ("`outerloop --help` in 20 ms", 1000 * middle("help"), 20),
            (f"`outerloop trials` of {LARGE:,} in 300 ms", 1000 * middle("trials"), 300),
            ("`tune --persistent`, store included, 1 ms a trial", per_trial, 1),
            (f"`outerloop ask` of {LARGE:,} in 1,000 ms", 1000 * middle("ask"), 1000)):
        promises.append([title, f"{found:.1f} ms" if found >= 10 else f"{found:.2f} ms", yes(found <= limit)])
    for side, title in (("epochs", "50 metrics in each epoch"), ("one", "of one epoch")):
        rate = middle("reports", side, "reports_per_second")
        promises.append([f"5,000 reports a second, {title}", f"{rate:,.0f}", yes(rate >= 5000)])
    lines += ["", "## Promises", "", *table(["promise", "median", "met"], promises)]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true",
                        help="one round, fewer trials, nothing written")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()
    for file in (BENCH, COMMAND):
        if not file.exists():
            fail(f"our side is not built ({file.name} is missing). Build it with:\n  {BUILD}")
    if options.only is None and not PYTHON.exists():
        fail("Optuna is not installed. Install it with:\n  Benchmarks/peers/install.sh optuna")
    load = os.getloadavg()[0]
    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, options)
        path = bench.file()
        bench.keep("fill", "outerloop", 0, execute(
            [str(BENCH), "store", "--store", str(path), "--trials", str(LARGE)]))
        for round_ in range(rounds):
            bench.store(round_)
            bench.tune(round_)
            bench.reports(round_)
            bench.start(round_)
            bench.crowd(round_)
            bench.large(round_, path)
    about = {
        "date": datetime.date.today().isoformat(), "processor": processor(), "cores": cores(),
        "system": f"{platform.system()} {platform.release()}", "rounds": rounds,
        "load": [load, os.getloadavg()[0]],
        "command": shlex.join(["python3", "Benchmarks/studies.py", *sys.argv[1:]]),
        "versions": sorted({run["version"] for run in bench.runs if "version" in run})}
    text = markdown(about, bench.runs)
    print("\n" + text, end="")
    if not options.quick and options.only is None:
        results = HERE / "results"
        (results / "studies.json").write_text(
            json.dumps({"about": about, "runs": bench.runs}, indent=1) + "\n")
        (results / "studies.md").write_text(text)


if __name__ == "__main__":
    main()
