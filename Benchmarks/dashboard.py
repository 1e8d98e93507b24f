#!/usr/bin/env python3
"""Times the dashboard beside optuna-dashboard on the same studies: how long until the best value shows in Chromium.

    Benchmarks/peers/install.sh dashboard
    swift build -c release --product outerloop
    Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard.py [--trials 1000,100000] [--rounds 5] [--ours FILE] [--write]

Studies of five parameters are made by the command and exported to databases of Optuna. Each server is restarted for each study;
`first` is the first page that it is asked for once it listens, `again` the median of the following rounds, each in a
new browser context, ours and theirs in turn. Both are timed from the navigation until the page's text has the study's
best value, and, of ours, until the first picture is drawn. `memory` is the server's largest resident set at the end. What is
not there after two minutes is given up. Needs Chromium on the path.
"""
import argparse
import csv
import datetime
import json
import math
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import optuna_dashboard
from playwright.sync_api import TimeoutError, sync_playwright

from hypergradients import HERE, cores, environment, fail, processor, table

OURS = HERE.parent / ".build" / "release" / "outerloop"
PATIENCE = 120


def make_studies(ours, folder, trials):
    """The same study in a store and in a database of Optuna; its best value."""
    numbers = random.Random(1)
    names = [f"x{i}" for i in range(5)]
    best = math.inf
    with open(folder / "results.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "state", "value.loss"] + [f"param.{name}" for name in names])
        for number in range(trials):
            x = [numbers.random() for _ in names]
            loss = sum((v - 0.3) ** 2 for v in x)
            best = min(best, loss)
            rows.writerow([number, "complete", loss, *x])
    words = [ours, "tune", "--store", folder / "ours.db", "--study", "bench", "--minimize", "loss", "--sampler", "random",
             "--start-from", folder / "results.csv", "--trials", "0", "--quiet"]
    for name in names:
        words += ["--param", f"{name}=float(0, 1)"]
    for command in (words + ["--", "true"],
                    [ours, "export", "--store", folder / "ours.db", "--format", "optuna", "--out", folder / "optuna.db"]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment())
        if done.returncode != 0:
            fail(done.stderr.strip()[-500:])
    return best


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def started(command, port):
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return process
        except OSError:
            time.sleep(0.05)
    fail(f"{command[0]} does not listen")


def painted(browser, url, text, picture=None):
    """Seconds until the text shows, and the picture; None: not in time."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    begin = time.monotonic()
    shown = drawn = None
    try:
        page.goto(url, wait_until="commit")
        page.wait_for_function("text => document.body && document.body.innerText.includes(text)", arg=text, polling=20)
        shown = time.monotonic() - begin
        if picture:
            page.locator(picture).first.wait_for()
            drawn = time.monotonic() - begin
    except TimeoutError:
        pass
    context.close()
    return shown, drawn


def memory(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000


def measure(given, browser, trials, folder):
    best = make_studies(given.ours, folder, trials)
    ports = {"outerloop": free_port(), "optuna-dashboard": free_port()}
    commands = {
        "outerloop": [given.ours, "dashboard", "--store", folder / "ours.db", "--port", ports["outerloop"]],
        "optuna-dashboard": [shutil.which("optuna-dashboard", path=str(HERE / "peers/dashboard/.venv/bin")),
                             f"sqlite:///{folder / 'optuna.db'}", "--port", ports["optuna-dashboard"]]}
    pages = {"outerloop": "study/1", "optuna-dashboard": "dashboard/studies/1"}
    pictures = {"outerloop": ".plot > svg", "optuna-dashboard": None}
    servers = {side: started(command, ports[side]) for side, command in commands.items()}
    times = {side: [] for side in servers}
    for _ in range(given.rounds + 1):
        for side in [side for side in servers if all(one[0] is not None for one in times[side])]:
            # Ours shows four significant digits, theirs all.
            times[side].append(painted(
                browser, f"http://127.0.0.1:{ports[side]}/{pages[side]}", f"{best:.4g}"[:6], pictures[side]))
    rows = []
    for side, process in servers.items():
        shown = [one[0] for one in times[side] if one[0] is not None]
        drawn = [one[1] for one in times[side][1:] if one[1] is not None]
        rows.append({
            "trials": trials, "side": side, "first": shown[0] if shown else None,
            "again": statistics.median(shown[1:]) if shown[1:] else None,
            "picture": statistics.median(drawn) if drawn else None, "memory": memory(process)})
        process.terminate()
        process.wait()
    return rows


def cell(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default="1000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", type=pathlib.Path, default=OURS)
    parser.add_argument("--write", action="store_true", help="results/dashboard.{md,json}")
    given = parser.parse_args()
    if not given.ours.exists():
        fail(f"{given.ours} is not built: swift build -c release --product outerloop")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        fail("there is no Chromium: apt-get install chromium")
    rows = []
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as scratch:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for trials in map(int, given.trials.split(",")):
            folder = pathlib.Path(scratch) / str(trials)
            folder.mkdir()
            rows += measure(given, browser, trials, folder)
        browser.close()
    report = "\n".join([
        "# The dashboard beside optuna-dashboard", "",
        f"{datetime.date.today()}, {processor()} ({cores()} cores); optuna-dashboard {optuna_dashboard.__version__}, "
        f"{given.rounds} rounds in turn.", "", f"    Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard.py --trials {given.trials} --write", "",
        "Seconds from the navigation until the study's best value shows in headless Chromium: the first page after the server "
        "started, and the median of those after it; the same until the first picture is drawn; and the server's largest "
        "resident set.", ""]
        + table(["trials", "", "first", "again", "picture", "MB"], [
            [f"{row['trials']:,}", row["side"], cell(row["first"]), cell(row["again"]), cell(row["picture"]),
             cell(row["memory"], 0)] for row in rows])) + "\n"
    print(report)
    if given.write:
        (HERE / "results" / "dashboard.md").write_text(report)
        (HERE / "results" / "dashboard.json").write_text(json.dumps({"rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
