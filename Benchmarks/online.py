#!/usr/bin/env python3
"""Races Outerloop's online estimators against gradhpo as shipped, on gradhpo's own demonstration task
and on a larger one, and weighs every update against a plain gradient step.

    python3 Benchmarks/online.py [--tasks demo,wide] [--rounds 3] [--quick] [--only ours|gradhpo]

Programs run in a fresh process each, in turn (ours, gradhpo, estimator by estimator); round i takes
the data of seed i - 1, and seed 0 is the demonstration's own. A complete run writes
Benchmarks/results/online.{json,md} after every round, another one online.partial.{json,md}, which
git ignores.
README.md has the contract that the programs keep. Standard library only.
"""

import datetime
import json
import math
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

from hypergradients import (
    BUILD, HERE, REMOVED, ROOT, agreement, command_line, cores, execute, fail, milliseconds,
    processor, read_floats, table)

PEER = HERE / "peers" / "gradhpo"
PYTHON = PEER / ".venv" / "bin" / "python"
DATA = HERE / ".data"
OURS = ("Benchmarks/.build/release/bilevel-bench online --data {data} --estimator {estimator}"
        " --gradient-steps {steps} --repeats {repeats} --out {file}")

# Our name -> gradhpo's class.
ESTIMATORS = {
    "one-step": "OneStepOptimizer",
    "finite-difference": "T1T2Optimizer",
    "greedy": "GreedyOptimizer",
    "distill": "OnlineHypergradientOptimizer",
    "first-order": "FOOptimizer",
}
# Most gradients of the training loss that an update may cost; greedy for each of its inner steps.
TARGET = 4
# What both sides compute by the same formula: what they learn agrees up to rounding and the place of
# Adam's epsilon.
SAME = ("one-step", "greedy")
# title, steps of a timed plain training, its repeats, the peer's repeats. Plain trainings are short, so
# that they suffer no more from other programs than a single update does.
TASKS = {
    "demo": ("10-32-5 ReLU, 400 example weights, batch 128, 300 trainings", 20, 400, 400),
    "wide": ("784-300-10 ReLU, 5,000 example weights, batch 128, 10 trainings", 5, 60, 60),
}


def contenders(only):
    found = {}
    if only != "gradhpo":
        words = shlex.split(OURS)
        if not (ROOT / words[0]).exists():
            fail(f"our side is not built. Build it with:\n  {BUILD}")
        found["outerloop"] = words
    if only != "ours":
        found["gradhpo"] = [
            str(PYTHON), str(PEER / "online.py"), "--task", "{task}", "--seed", "{seed}",
            "--estimator", "{estimator}", "--data", str(DATA), "--repeats", "{peer_repeats}",
            "--out", "{file}"]
    if not PYTHON.exists():
        fail("the data are drawn by gradhpo's side, which is not installed. Install it with:\n"
             "  Benchmarks/peers/install.sh gradhpo")
    return found


def ensure_data(seeds):
    done = subprocess.run(
        [PYTHON, PEER / "task.py", "--out", DATA, "--seeds", ",".join(map(str, seeds))],
        capture_output=True, text=True)
    if done.returncode != 0:
        fail("could not write the data:\n" + done.stderr.strip())
    print(done.stdout, end="", file=sys.stderr)


def race(names, commands, seeds, scratch):
    """After each task of each round: [{side, task, seed, estimator, ...}] so far, and the learned
    hyperparameters by the same key."""
    runs, learned = [], {}
    for seed in seeds:
        for name in names:
            _, steps, repeats, peer_repeats = TASKS[name]
            for estimator in ESTIMATORS:
                for side, words in commands.items():
                    file = scratch / "learned.f32"
                    file.unlink(missing_ok=True)
                    values = {
                        "task": name, "seed": seed, "estimator": estimator, "steps": steps,
                        "repeats": repeats, "peer_repeats": peer_repeats, "file": file,
                        "data": DATA / f"online-{name}-{seed}"}
                    run = execute([word.format(**values) for word in words])
                    run |= {"side": side, "task": name, "seed": seed, "load": os.getloadavg()[0]}
                    runs.append(run)
                    shown = f"{name}, seed {seed}, {estimator}, {side}"
                    if "refused" in run:
                        print(f"{shown}: refused", file=sys.stderr)
                        continue
                    learned[side, name, seed, estimator] = read_floats(file, shown)
                    print(f"{shown}: {run['total_seconds']:.2f} s, "
                          f"{milliseconds(run['warm_update_seconds'])} ms an update", file=sys.stderr)
            yield runs, learned


def spread(values, form):
    """Median (least to greatest)."""
    middle = form(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form(min(values))} to {form(max(values))})"


def gradients(run, key="warm_update_seconds"):
    """What an update costs in gradient steps; of greedy, what each of its inner steps does."""
    inner = run["steps"] / run["updates"]
    return run[key] / run["gradient_seconds"] / inner


def summary(runs, name):
    """{estimator: {side: [its runs, by round]}}"""
    found = {}
    for run in runs:
        if run["task"] == name:
            found.setdefault(run["estimator"], {}).setdefault(run["side"], []).append(run)
    return found


def row_of_times(estimator, sides):
    ours, peer = sides.get("outerloop", []), sides.get("gradhpo", [])
    mine = [run for run in ours if "refused" not in run]

    def column(runs, value, form=milliseconds):
        return spread([value(run) for run in runs], form) if runs else ""

    def seconds(value):
        return f"{value:.2f}"

    def warm(run):
        return run["warm_update_seconds"]

    ratio = ""
    if mine and peer:
        ratios = [b["total_seconds"] / a["total_seconds"] for a, b in zip(mine, peer)]
        warm_ratios = [warm(b) / warm(a) for a, b in zip(mine, peer)]
        ratio = (f"{spread(ratios, lambda v: f'{v:.0f}x')}; "
                 f"{spread(warm_ratios, lambda v: f'{v:.1f}x')}")
    updates = [f"{run['updates']:,}" for run in (mine or peer)[:1]]
    return [
        estimator, *(updates or [""]), column(mine, lambda run: run["total_seconds"], seconds)
        or "refused", column(peer, lambda run: run["total_seconds"], seconds),
        column(mine, warm),
        column(peer, lambda run: run["total_seconds"] / run["updates"]),
        column(peer, lambda run: run["late_update_seconds"]), column(peer, warm),
        str(peer[0]["compiled_variants"]) if peer else "", ratio]


def row_of_gradients(name, estimator, sides):
    def column(runs, key):
        return spread([gradients(run, key) for run in runs], lambda v: f"{v:.2f}") if runs else ""

    def step(runs):
        return milliseconds(statistics.median(run["gradient_seconds"] for run in runs)) if runs else ""

    ours = [run for run in sides.get("outerloop", []) if "refused" not in run]
    peer = sides.get("gradhpo", [])
    if sides.get("outerloop") and not ours:
        return [name, estimator, "refused", "", "", "", column(peer, "warm_update_seconds"), step(peer)]
    met = ""
    if ours:
        met = "yes" if statistics.median(
            gradients(run, "hypergradient_seconds") for run in ours) <= TARGET else "NO"
    return [name, estimator, column(ours, "hypergradient_seconds"), met,
            column(ours, "warm_update_seconds"), step(ours),
            column(peer, "warm_update_seconds"), step(peer)]


def row_of_results(estimator, sides):
    cells = [estimator]
    for key, form in (("separation", lambda v: f"{v:.3f}"),
                      ("best_validation_loss", lambda v: f"{v:.4f}")):
        for side in ("outerloop", "gradhpo"):
            runs = [run for run in sides.get(side, []) if "refused" not in run]
            cells.append(", ".join(form(run[key]) for run in runs)
                         or ("refused" if sides.get(side) else ""))
    return cells


def rows_of_agreement(names, seeds, learned):
    rows = []
    for name in names:
        for estimator in ESTIMATORS:
            for seed in seeds:
                ours = learned.get(("outerloop", name, seed, estimator))
                peer = learned.get(("gradhpo", name, seed, estimator))
                if ours and peer and any(peer):
                    found = agreement(ours, peer)
                    if estimator in SAME and found["cosine"] < 0.999:
                        fail(f"{estimator} on {name}, seed {seed}: the sides learned different "
                             f"things (cosine {found['cosine']:.6f})")
                    rows.append([name, estimator, str(seed), f"{found['cosine']:.6f}",
                                 f"{found['norm_ratio']:.4f}", f"{found['relative_error']:.1e}"])
    return rows


def markdown(about, runs, names, seeds, learned):
    lines = [
        "# Online updates against gradhpo", "",
        f"{about['date']}, {about['processor']}, {about['cores']} cores, {about['system']}; load "
        f"average {about['load'][0]:.2f} at the start and {about['load'][1]:.2f} at the end; "
        f"{about['rounds']} round{'s' * (about['rounds'] != 1)}.", "", f"    {about['command']}", ""]
    lines += [f"- {side}: {version}" for side, version in about["versions"].items()]
    lines += ["", "Medians of the rounds, least and greatest in brackets. Both sides see the same "
              "examples, initial weights and batches, in the same order. gradhpo's batches are drawn "
              "and its evaluation compiled before its clock starts."]
    for name in names:
        found = summary(runs, name)
        lines += [
            "", f"## {name}: {TASKS[name][0]}", "",
            "A run is everything from the first update to the last, compiling included, with the "
            "validation loss after every training. An update is a hypergradient and a step of Adam. As "
            "shipped: the run divided by its updates; late: the median training of the second half "
            "of the run, divided; warm: `step` alone, again and again from one state. The last "
            "column is gradhpo's time over ours: of the run, and of a warm update.", "",
            *table(["estimator", "updates", "run, ours s", "run, gradhpo s", "update, ours ms",
                    "as shipped ms", "late ms", "warm ms", "compiled", "gradhpo / ours"],
                   [row_of_times(estimator, sides) for estimator, sides in found.items()])]
        if name != "demo":
            continue  # too short a run to learn much: it is here for what updates cost
        lines += ["", "Results by seed " + ", ".join(map(str, seeds)) + ": the separation of the mean "
                  "weights of untouched and of redrawn examples (more is better), and the least "
                  "validation loss after a training.", "",
                  *table(["estimator", "separation, ours", "gradhpo", "best loss, ours", "gradhpo"],
                         [row_of_results(estimator, sides) for estimator, sides in found.items()])]
    lines += [
        "", "## Cost of an update in gradient steps", "",
        f"Over a plain training step of the same side on the same batches; of greedy, for each of its "
        f"inner steps. A hypergradient includes the training step itself and the gradient of the "
        f"outer loss, an update the step of Adam too. The target is a hypergradient for at most "
        f"{TARGET} gradients.", "",
        *table(["task", "estimator", "hypergradient, ours", "target met", "update, ours",
                "our step ms", "update, gradhpo", "its step ms"],
               [row_of_gradients(name, estimator, sides)
                for name in names for estimator, sides in summary(runs, name).items()])]
    rows = rows_of_agreement(names, seeds, learned)
    if rows:
        lines += [
            "", "## Learned hyperparameters, ours against gradhpo's", "",
            *table(["task", "estimator", "seed", "cosine", "norm ratio", "relative error"], rows)]
    return "\n".join(lines) + "\n\n" + NOTES


NOTES = """\
- greedy and one-step compute the same numbers on both sides, so what they learn must agree (a cosine
  below .999 ends the benchmark with an error).
- gradhpo's results on seed 0 are those that its notebook has stored, to 1 in the last digit: separation
  .505, .000, .041, .000 and losses .0623, .2274, .1885, .2239 for distill, finite difference, greedy
  and first order.
- distill differs by design: gradhpo estimates theta on batches of its own and does not draw D* from
  past batches (see `Distill`).
- gradhpo's finite difference (T1-T2) moves all entries of a tensor of hyperparameters by one number
  and gives each entry the same answer, so example weights cannot separate.
- The first-order gradient of this outer loss is zero. gradhpo runs through with it; ours refuses.
- gradhpo's greedy makes one update per 5 steps, 300 in all where the others make 6,000: the rows say
  nothing about the methods' merits against each other.
"""


def report(stem, runs, learned, names, load):
    seeds = sorted({run["seed"] for run in runs})
    for run in runs:
        if any(isinstance(value, float) and not math.isfinite(value) for value in run.values()):
            fail(f"a non-finite number from {run['side']}, {run['task']}, {run['estimator']}")
    about = {
        "command": shlex.join(["python3", "Benchmarks/online.py", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor(), "cores": cores(), "system": platform.platform(),
        "load": [load, os.getloadavg()[0]], "rounds": len(seeds),
        "versions": {run["side"]: run["version"] for run in runs},
        "environment_removed": list(REMOVED)}
    text = markdown(about, runs, names, seeds, learned)
    stem.with_name(stem.name + ".json").write_text(
        json.dumps({"about": about, "runs": runs}, indent=1) + "\n")
    stem.with_name(stem.name + ".md").write_text(text)
    return text


def main():
    options, names, rounds, load = command_line(__doc__, "task", TASKS, "gradhpo")
    commands, seeds = contenders(options.only), list(range(rounds))
    ensure_data(seeds)
    complete = not options.quick and not options.only and set(names) == set(TASKS)
    with tempfile.TemporaryDirectory() as scratch:
        for runs, learned in race(names, commands, seeds, pathlib.Path(scratch)):
            # What is there is kept: a run of all rounds takes a while.
            done = [name for name in names if any(run["task"] == name for run in runs)]
            whole = complete and done == names
            stem = HERE / "results" / ("online" if whole else "online.partial")
            text = report(stem, runs, learned, done, load)
    print(text, end="")
    print(f"Wrote {stem.relative_to(ROOT)}.json and .md.", file=sys.stderr)


if __name__ == "__main__":
    main()
