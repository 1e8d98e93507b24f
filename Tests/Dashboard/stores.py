"""Stores with every kind of study, made by the command itself."""

import csv
import math
import os
import random
import subprocess
from pathlib import Path

STRANGE = '<img src=x onerror=alert(1)> & "quotes" 日本語'
LARGE = 20_000
EPOCHS_OF_RUNNING = 100

LR = "lr=log(1e-5, 1e-1)"
LAYERS = "layers=int(1, 5)"
OPTIMIZER = "opt=choice(adam, sgd)"

# Prints one report for each epoch; the loss falls, and depends on the parameters.
EPOCHS = """
for e in $(seq {last}); do
  echo "epoch $e of trial {trial}"
  awk "BEGIN{{print \\"{{\\\\\\"epoch\\\\\\": $e, \\\\\\"loss\\\\\\": \\" 1/$e+{lr}+{layers}/10 \\", \\\\\\"accuracy\\\\\\": \\" 1-0.5/$e \\"}}\\"}}"
  sleep {pause}
done
"""


def epochs(last, pause):
    return EPOCHS.replace("{last}", str(last)).replace("{pause}", str(pause)).replace("{{", "{").replace("}}", "}")


class Store:
    """A store below `folder`; `tune` adds a study to it."""

    def __init__(self, command, folder):
        self.command = command
        self.path = Path(folder) / "runs.db"

    def arguments(self, study, parameters, rest):
        named = [word for parameter in parameters for word in ("--param", parameter)]
        return [
            self.command, "tune", "--store", str(self.path), "--study", study, *named, *rest[:-1],
            "--no-progress", "-q", "--", "sh", "-c", rest[-1],
        ]

    def tune(self, study, parameters, *rest):
        """The last of `rest` is a shell program; others are options. Studies may end without a success."""
        subprocess.run(self.arguments(study, parameters, rest), capture_output=True, timeout=300, cwd=self.path.parent)

    def begin(self, study, parameters, *rest):
        """The same, without waiting for it."""
        return subprocess.Popen(
            self.arguments(study, parameters, rest), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.path.parent, start_new_session=True)


def write_large(path):
    """A file of many results for `--start-from`."""
    draw = random.Random(7)
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "state", "value.loss", "param.lr", "param.layers"])
        for number in range(LARGE):
            lr, layers = 10 ** draw.uniform(-5, -1), draw.randint(1, 5)
            rows.writerow([number, "complete", (math.log(lr) + 6) ** 2 / 20 + layers / 10, lr, layers])


def make(command, folder):
    """All studies except the running one. Returns the store."""
    store = Store(command, folder)
    loss = 'echo "{\\"loss\\": $(awk "BEGIN{print {lr}+{layers}/10}")}"'
    store.tune("empty", [LR, LAYERS], "--minimize", "loss", "--trials", "0", loss)
    store.tune("one-trial", [LR, LAYERS], "--minimize", "loss", "--trials", "1", loss)
    store.tune("failed", [LR, LAYERS], "--minimize", "loss", "--trials", "20", "echo 'ValueError: no' >&2; exit 3")
    store.tune(
        "pareto", ["x=float(0, 1)", "y=float(0, 1)"], "--minimize", "latency", "--maximize", "accuracy", "--trials", "40",
        'awk "BEGIN{print \\"{\\\\\\"latency\\\\\\": \\" {x} \\", \\\\\\"accuracy\\\\\\": \\" sqrt({x})-{y}/2 \\"}\\"}"')
    store.tune(
        "three", ["x=float(0, 1)", "y=float(0, 1)"], "--minimize", "loss", "--minimize", "time", "--minimize", "size",
        "--trials", "30",
        'awk "BEGIN{print \\"{\\\\\\"loss\\\\\\": \\" {x} \\", \\\\\\"time\\\\\\": \\" {y} \\", \\\\\\"size\\\\\\": \\" 2-{x}*{y}-{x}/2 \\"}\\"}"')
    files = (
        'mkdir -p {checkpoint}; printf "name,value\\n" > {checkpoint}/table.csv; '
        'for i in $(seq 300); do printf "<b>row</b> %s,%s\\n" $i $i >> {checkpoint}/table.csv; done; '
        'echo "<svg xmlns=\'http://www.w3.org/2000/svg\' width=\'40\' height=\'40\'><script>alert(1)</script>'
        '<rect width=\'40\' height=\'40\' fill=\'red\'/></svg>" > {checkpoint}/picture.svg; '
        'echo "hello <b>world</b>" > {checkpoint}/readme.txt; ')
    store.tune(
        "conditional", [LR, LAYERS, OPTIMIZER, "m=float(0, 0.99) if opt == sgd", "size=ordinal(s, m, l)"],
        "--minimize", "loss", "--trials", "24", files + loss)
    categories = ", ".join(f"category {number} <b>ü</b>" for number in range(200))
    store.tune(
        STRANGE, ["größe=int(1, 9)", "text=choice(" + "a" * 10_000 + ", b)", f"kind=choice({categories})"],
        "--minimize", "loss <b>", "--trials", "30", "--sampler", "random",
        'echo "{\\"loss <b>\\": 0.{größe}, \\"nan\\": NaN, \\"infinite\\": 1e999}"; echo "<script>alert(1)</script>"')
    for seed in (1, 2, 3):
        store.tune(f"lr-{seed}", [LR, LAYERS], "--minimize", "loss", "--trials", "20", "--seed", str(seed), loss)
    results = Path(folder) / "large.csv"
    write_large(results)
    store.tune(
        "large", [LR, LAYERS], "--minimize", "loss", "--trials", "1", "--sampler", "random", "--start-from", str(results), loss)
    os.remove(results)
    return store


def begin_running(store):
    """A study that reports ten times a second for as long as the tests run."""
    return store.begin(
        "running", [LR, LAYERS], "--minimize", "loss", "--epochs", str(EPOCHS_OF_RUNNING), "--trials", "100000", "--parallel", "2",
        "--sampler", "random", "--scheduler", "none", epochs(EPOCHS_OF_RUNNING, 0.1))
