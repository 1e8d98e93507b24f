#!/usr/bin/env python3
"""Races Outerloop's hypergradients against hand-written JAX on the same data, and compares them.

    python3 Benchmarks/hypergradients.py [--problems mlp,cleaning,cnn,lstm,transformer,implicit,toy] [--rounds 3]
                                         [--quick] [--only ours|jax]

Every program runs in a fresh process, in turn (ours, default, mixed, lean, ours, ...). A complete
run writes Benchmarks/results/hypergradients.{json,md}; one that is quick, or that leaves out
problems or a side, writes hypergradients.partial.{json,md}, which git ignores. README.md has the
contract that the programs keep. Standard library only.
"""

import argparse
import array
import dataclasses
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

import product_flops as flops

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PEER = HERE / "peers" / "jax"
PYTHON = PEER / ".venv" / "bin" / "python"
OURS = ("Benchmarks/.build/release/bilevel-bench --problem {problem} --data Benchmarks/.data"
        " --repeats {n} --out {file}")
BUILD = "swift build -c release --package-path Benchmarks --product bilevel-bench"
MODES = ("default", "mixed", "lean")
TIMEOUT = 900

# These pin OpenBLAS to an older processor or a wrong cache; nobody is measured under them.
REMOVED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclasses.dataclass(frozen=True)
class Problem:
    """title, warm repeats of one process (full, quick), and the flops of the necessary products."""

    title: str
    repeats: int
    quick_repeats: int
    product_flops: int


PROBLEMS = {
    "mlp": Problem("784-300-10 tanh, 238,510 log weight decays, momentum, T = 100, batch 128",
                   10, 3, flops.mlp()),
    "cleaning": Problem("hyper-cleaning, softmax regression, 5,000 + 5,000 examples, T = 200",
                        5, 2, flops.cleaning()),
    "cnn": Problem("two convolutions and a dense layer, 3 log decays, T = 50, batch 64",
                   6, 2, flops.cnn()),
    "lstm": Problem("LSTM of 128 units over 28 rows, 50 log learning rates and a log decay per gate, T = 50, "
                    "batch 64", 5, 2, flops.lstm()),
    "transformer": Problem("transformer block, width 128, 4 heads, 64 tokens, a log decay per matrix, T = 50, "
                           "batch 16", 4, 2, flops.transformer()),
    "implicit": Problem("the network of mlp at its solution, 2,000 examples, 238,510 log decays, 20 steps of "
                        "conjugate gradients", 10, 3, flops.implicit()),
    "toy": Problem("quadratic, 2 weights, 2 hyperparameters, T = 100", 300, 50, 0),
}


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")


def environment():
    return {key: value for key, value in os.environ.items() if key not in REMOVED}


def execute(command):
    """Runs a program and returns the JSON of its last line; its failure ends the benchmark."""
    shown = shlex.join(map(str, command))
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        fail(f"no end after {TIMEOUT} s: {shown}")
    if done.returncode != 0:
        fail(f"exit status {done.returncode}: {shown}\n{done.stderr.strip()}")
    try:
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        fail(f"the last line is not JSON: {shown}\n{done.stdout.strip()}")


def read_floats(path, shown):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        values.byteswap()
    if not values or not all(map(math.isfinite, values)):
        fail(f"the hypergradient of {shown} is empty or not finite")
    return values


def agreement(result, reference):
    """Cosine, ratio of norms and relative error of one hypergradient against another."""
    if len(result) != len(reference):
        fail(f"hypergradients of {len(result)} and {len(reference)} entries cannot be compared")
    norm = math.sqrt(math.fsum(a * a for a in result))
    other = math.sqrt(math.fsum(b * b for b in reference))
    dot = math.fsum(a * b for a, b in zip(result, reference))
    error = math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(result, reference)))
    return {
        "cosine": dot / (norm * other) if norm and other else math.nan,
        "norm_ratio": norm / other if other else math.nan,
        "relative_error": error / other if other else math.nan,
    }


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        asked = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout.strip()
    return platform.processor() or platform.machine()


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def contenders(options):
    """{mode: command template as words}, in the order in which they run."""
    found = {}
    if options.only != "jax":
        words = shlex.split(options.ours)
        if (ROOT / words[0]).exists():
            found["outerloop"] = words
        else:
            hint = f"Outerloop's side is not built ({words[0]} is missing). Build it with:\n  {BUILD}"
            if options.only == "ours":
                fail(hint)
            print(f"{hint}\nRunning the peers only.", file=sys.stderr)
    if options.only != "ours":
        if not PYTHON.exists():
            fail("the JAX peer is not installed. Install it with:\n  Benchmarks/peers/install.sh jax")
        for mode in MODES:
            found[mode] = [
                str(PYTHON), str(PEER / "hypergradients.py"), "--mode", mode,
                "--problem", "{problem}", "--data", str(HERE / ".data"),
                "--repeats", "{n}", "--out", "{file}"]
    return found


def ensure_data():
    maker = PYTHON if PYTHON.exists() else sys.executable
    done = subprocess.run([maker, HERE / "make_data.py"], capture_output=True, text=True)
    if done.returncode != 0:
        fail("could not write the data; numpy is needed (Benchmarks/peers/install.sh jax has it):\n"
             + done.stderr.strip())
    print(done.stdout, end="", file=sys.stderr)


def race(name, commands, rounds, repeats, scratch, rates):
    """Runs every contender `rounds` times in turn: {mode: [JSON of each round]}, {mode: result}.
    Appends to `rates` the sgemm GFLOP/s seen on the way, and by whom."""
    runs = {mode: [] for mode in commands}
    results = {}
    for turn in range(rounds):
        if PYTHON.exists():
            rates.append((execute([str(PYTHON), str(PEER / "gemm.py")])["gemm_gflops"], "numpy"))
        for mode, words in commands.items():
            file = scratch / f"{name}.{mode}.f32"
            values = {"problem": name, "n": repeats, "file": file}
            run = execute([word.format(**values) for word in words])
            if run.get("problem") != name or run.get("mode") != mode:
                fail(f"asked for {name} in {mode}, got {run.get('problem')} in {run.get('mode')}")
            runs[mode].append(run)
            results[mode] = read_floats(file, f"{name} in {mode}")
            if run.get("gemm_gflops"):
                rates.append((run["gemm_gflops"], mode))
            print(f"{name} {turn + 1}/{rounds} {mode}: "
                  f"{1e3 * statistics.median(run['warm_seconds']):.3f} ms", file=sys.stderr)
    return runs, results


def summarise(name, runs, results, gflops):
    """Medians over all rounds; ratios round by round, so that a slow spell hits both sides."""
    modes = {}
    for mode, rounds in runs.items():
        warm = sorted(second for run in rounds for second in run["warm_seconds"])
        modes[mode] = {
            "warm_seconds": statistics.median(warm),
            "warm_seconds_best": warm[0],
            "warm_seconds_worst": warm[-1],
            "first_seconds": statistics.median(run["first_seconds"] for run in rounds),
            "compile_seconds": statistics.median(run.get("compile_seconds", 0) for run in rounds),
            "peak_rss_bytes": statistics.median(run["peak_rss_bytes"] for run in rounds),
            "steps": rounds[0]["steps"],
        }
    flops = PROBLEMS[name].product_flops
    floor = flops / (gflops * 1e9) if gflops and flops else None
    summary = {"title": PROBLEMS[name].title, "modes": modes, "product_flops": flops,
               "floor_seconds": floor, "ratios": {}, "agreement": {}}

    jax = [mode for mode in MODES if mode in runs]
    if "outerloop" in runs and jax:
        def warm(run):
            return statistics.median(run["warm_seconds"])

        def ratios(measure, rival):
            return [measure(mine) / measure(theirs)
                    for mine, theirs in zip(runs["outerloop"], runs[rival])]

        for key, measure in (("warm_seconds", warm),
                             ("first_seconds", lambda run: run["first_seconds"]),
                             ("peak_rss_bytes", lambda run: run["peak_rss_bytes"])):
            rival = min(jax, key=lambda mode: modes[mode][key])
            each = ratios(measure, rival)
            summary["ratios"][key] = {
                "against": rival, "median": statistics.median(each),
                "least": min(each), "greatest": max(each)}
    if jax:
        for mode in results:
            if mode != jax[0]:
                summary["agreement"][mode] = {"against": jax[0]} | agreement(
                    results[mode], results[jax[0]])
    return summary


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["--:"] * (len(header) - 1)) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def milliseconds(seconds):
    return f"{1e3 * seconds:.3g}" if seconds < 1e-3 else f"{1e3 * seconds:.2f}"


def markdown(report):
    about = report["about"]
    lines = [
        "# Hypergradients", "",
        f"{about['date']}, {about['processor']}, {about['cores']} cores, {about['system']}; "
        f"load average {about['load'][0]:.2f} at the start and {about['load'][1]:.2f} at the end; "
        f"{about['rounds']} round{'s' * (about['rounds'] != 1)}.", "",
        f"    {about['command']}", ""]
    lines += [f"- {mode}: {version}" for mode, version in about["versions"].items()]
    if about["gemm_gflops"]:
        lines.append(f"- sgemm: {about['gemm_gflops']:.0f} GFLOP/s, measured by {about['gemm_source']}")
    lines += ["", "Warm times are medians over all repeats and rounds, fastest and slowest in "
              "brackets. A ratio is ours over the best JAX mode of its column, the median of the "
              "rounds, extremes in brackets: below 1 is faster or leaner. The floor is the time of the "
              "necessary matrix products at the measured sgemm rate.", ""]

    rows = []
    for name, summary in report["problems"].items():
        for mode, m in summary["modes"].items():
            rows.append([
                name, mode,
                f"{milliseconds(m['warm_seconds'])} ({milliseconds(m['warm_seconds_best'])} to "
                f"{milliseconds(m['warm_seconds_worst'])})",
                milliseconds(m["warm_seconds"] / m["steps"]),
                f"{m['warm_seconds'] / summary['floor_seconds']:.2f}"
                if summary["floor_seconds"] else "",
                f"{m['first_seconds']:.3f}", f"{m['compile_seconds']:.3f}",
                f"{m['peak_rss_bytes'] / 1e6:.0f}"])
    lines += table(["problem", "mode", "warm ms", "ms a step", "x floor", "first s", "compile s",
                    "peak MB"], rows)

    def ratio(summary, key):
        entry = summary["ratios"].get(key)
        if not entry:
            return ""
        return (f"{entry['median']:.3f} ({entry['least']:.3f} to {entry['greatest']:.3f}), "
                f"{entry['against']}")

    compared = {name: s for name, s in report["problems"].items() if s["ratios"]}
    if compared:
        lines += ["", *table(
            ["ours / JAX", "warm", "first", "peak"],
            [[name, ratio(s, "warm_seconds"), ratio(s, "first_seconds"), ratio(s, "peak_rss_bytes")]
             for name, s in compared.items()])]
    floors = [[name, f"{s['product_flops'] / 1e9:.3f}", milliseconds(s["floor_seconds"]),
               milliseconds(s["floor_seconds"] / next(iter(s["modes"].values()))["steps"])]
              for name, s in report["problems"].items() if s["floor_seconds"]]
    if floors:
        lines += ["", *table(["floor", "GFLOP", "ms", "ms a step"], floors)]
    agreements = [
        [name, f"{mode} and {a['against']}", f"{1 - a['cosine']:.1e}", f"{a['norm_ratio'] - 1:+.1e}",
         f"{a['relative_error']:.1e}"]
        for name, s in report["problems"].items() for mode, a in s["agreement"].items()]
    if agreements:
        lines += ["", *table(
            ["agreement", "of", "1 - cosine", "norm ratio - 1", "relative error"], agreements)]
    lines += ["", "Problems: " + "; ".join(
        f"{name}, {s['title']}" for name, s in report["problems"].items()) + "."]
    return "\n".join(lines) + "\n"


def command_line(about, kind, known, peer, more=()):
    """What the drivers are told: options, names of `kind` among `known`, rounds, and the load average.
    `more` are other options, each as words and settings of `add_argument`."""
    parser = argparse.ArgumentParser(
        description=about.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(f"--{kind}s", dest="names", default=",".join(known), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each contender")
    parser.add_argument("--quick", action="store_true", help="one round, few repeats")
    parser.add_argument("--only", choices=("ours", peer), help="run one side")
    for word, settings in more:
        parser.add_argument(word, **settings)
    options = parser.parse_args()
    names = options.names.split(",")
    for name in names:
        if name not in known:
            fail(f"no {kind} {name!r}; there are {', '.join(known)}")
    rounds = 1 if options.quick else options.rounds
    if rounds < 1:
        fail("--rounds must be at least 1")
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The load average is {load:.2f}: others are computing here, expect noise.",
              file=sys.stderr)
    return options, names, rounds, load


def main():
    options, names, rounds, load = command_line(
        __doc__, "problem", PROBLEMS, "jax",
        [("--ours", {"default": OURS, "help": "our command, run from the package's root"})])
    commands = contenders(options)
    ensure_data()

    gathered, rates = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            repeats = PROBLEMS[name].quick_repeats if options.quick else PROBLEMS[name].repeats
            gathered[name] = race(name, commands, rounds, repeats, pathlib.Path(folder), rates)

    # The floor is of the machine, so it takes the best rate anybody reached at any time.
    gflops, source = max(rates, default=(None, None))

    versions = {mode: rounds_[0].get("version", "") for runs, _ in gathered.values()
                for mode, rounds_ in runs.items()}
    report = {
        "about": {
            "command": shlex.join(["python3", "Benchmarks/hypergradients.py", *sys.argv[1:]]),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "processor": processor(), "cores": cores(), "system": platform.platform(),
            "load": [load, os.getloadavg()[0]], "rounds": rounds, "versions": versions,
            "gemm_gflops": gflops, "gemm_source": source,
            "environment_removed": list(REMOVED)},
        "problems": {name: summarise(name, *both, gflops) for name, both in gathered.items()},
        "runs": {name: runs for name, (runs, _) in gathered.items()},
    }
    complete = not options.quick and not options.only and set(names) == set(PROBLEMS)
    stem = HERE / "results" / ("hypergradients" if complete else "hypergradients.partial")
    stem.parent.mkdir(exist_ok=True)
    text = markdown(report)
    stem.with_name(stem.name + ".json").write_text(json.dumps(report, indent=1) + "\n")
    stem.with_name(stem.name + ".md").write_text(text)
    print(text, end="")
    print(f"Wrote {stem.relative_to(ROOT)}.json and .md.", file=sys.stderr)


if __name__ == "__main__":
    main()
