#!/usr/bin/env python3
"""How well `outerloop clean` finds wrong labels beside cleanlab with logistic regression, and how fast.

    bash Benchmarks/peers/install.sh cleanlab
    Benchmarks/peers/cleanlab/.venv/bin/python Benchmarks/label_errors.py [--data ../shared/data]
        [--sets wine,digits,...] [--rates 0.05,0.1,0.3,0.5] [--seeds 5] [--rows 2000]
        [--outerloop .build/release/outerloop] [--write]

Labels of real data sets are made wrong on purpose: `uniform` moves a label to any other class,
`confusable` to the class that a model of right labels takes it for most often. Half of the settings
have trusted rows besides, a tenth as many as are examined, whose labels are right. Both sides get the
same file of numbers. cleanlab: five-fold predictions of scikit-learn's LogisticRegression on
standardised columns (pixels divided by 255, texts as they are), `find_label_issues` and the
self-confidence order; with trusted rows, which it has no place for, they are added to the training
folds, or alone train the model, whichever gives the better average precision. Ours: the command with
its defaults.

A score is the mean over the seeds; a time is that of the whole process, for cleanlab the median import
and the time in it, for trusted rows of the better way alone. A setting is won by a higher score of both,
and held if neither is lower by more than 0.01. Of the two-class sets 50 % uniform noise leaves nothing
to learn from without trusted rows, nor does 50 % confusable noise in any set: those rows are marked.
"""

import argparse
import csv
import datetime
import gzip
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

warnings.filterwarnings("ignore")
import cleanlab
import numpy as np
import sklearn
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).resolve().parent
SETS = ["wine", "breast_cancer", "digits", "mnist", "fashion-mnist", "a9a", "20news"]


def load(name, folder, rows, seed):
    """Features as they stand, labels, and what the peer's logistic regression is given."""
    if name in ("wine", "breast_cancer", "digits"):
        with open(folder / "small" / f"{name}.csv") as file:
            table = np.array(list(csv.reader(file))[1:], dtype=float)
        x, y = table[:, :-1], table[:, -1].astype(int)
    elif name in ("mnist", "fashion-mnist"):
        def idx(part):
            data = gzip.open(folder / name / f"train-{part}-ubyte.gz").read()
            return np.frombuffer(data, np.uint8, offset=16 if "images" in part else 8)
        y = idx("labels-idx1").astype(int)
        x = idx("images-idx3").reshape(len(y), -1).astype(float)
    else:
        x, y = load_svmlight_file(gzip.open(folder / "libsvm" / f"{name}.svm.gz"))
        y = np.unique(y, return_inverse=True)[1]
    chosen = np.random.default_rng([seed, 1]).permutation(len(y))[:rows]
    return x[chosen], y[chosen]


def scaled(name, x):
    if name in ("mnist", "fashion-mnist"):
        return x / 255
    if name == "20news":
        return x
    x = x.toarray() if hasattr(x, "toarray") else x
    return StandardScaler().fit_transform(x)[:, x.std(0) > 0]


def partners(z, y):
    """For each class the one that a model of right labels takes it for most often."""
    model = LogisticRegression(C=0.1, max_iter=300)
    p = cross_val_predict(model, z, y, cv=3, method="predict_proba")
    confusion = np.array([p[y == k].mean(0) for k in range(p.shape[1])])
    np.fill_diagonal(confusion, -1)
    return confusion.argmax(1)


def corrupted(y, rate, kind, partner, seed):
    draw = np.random.default_rng([seed, 2])
    wrong = draw.permutation(len(y))[: round(rate * len(y))]
    given = y.copy()
    if kind == "uniform":
        given[wrong] = (y[wrong] + draw.integers(1, y.max() + 1, len(wrong))) % (y.max() + 1)
    else:
        given[wrong] = partner[y[wrong]]
    return given


def scores(order, flagged, wrong):
    return average_precision_score(wrong, order), f1_score(wrong, flagged)


def peer(z, given, examined, wrong):
    """(average precision, F1, seconds) by cleanlab: rows from `examined` on are trusted."""
    n = len(given)

    def judged(predict):
        start = time.perf_counter()
        p = predict()
        issues = find_label_issues(given[:examined], p)
        order = 1 - get_label_quality_scores(given[:examined], p)
        seconds = time.perf_counter() - start
        return (*scores(order, issues, wrong), seconds)

    def folds():
        p = np.zeros((examined, given.max() + 1))
        split = StratifiedKFold(5, shuffle=True, random_state=0)
        for train, held in split.split(z[:examined], given[:examined]):
            train = np.concatenate([train, np.arange(examined, n)])
            model = LogisticRegression(max_iter=300).fit(z[train], given[train])
            p[np.ix_(held, model.classes_)] = model.predict_proba(z[held])
        return p

    def alone():
        model = LogisticRegression(max_iter=300).fit(z[examined:], given[examined:])
        p = np.full((examined, given.max() + 1), 1e-6)
        p[:, model.classes_] = model.predict_proba(z[:examined])
        return p / p.sum(1, keepdims=True)

    ways = [judged(folds)]
    if examined < n:
        ways.append(judged(alone))
    return max(ways)


def write_table(path, x, labels):
    if hasattr(x, "toarray"):
        return dump_svmlight_file(x, labels, str(path), zero_based=False)
    names = ",".join(f"x{column}" for column in range(x.shape[1])) + ",label"
    np.savetxt(
        path, np.column_stack([x, labels]), delimiter=",", header=names, comments="",
        fmt=["%.9g"] * x.shape[1] + ["%d"])


def ours(command, x, given, examined, wrong, seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        suffix = "svm" if hasattr(x, "toarray") else "csv"
        write_table(folder / f"rows.{suffix}", x[:examined], given[:examined])
        words = [command, "clean", "--data", folder / f"rows.{suffix}", "--out", folder / "out",
                 "--seed", str(seed), "--json", "-q"]
        if examined < len(given):
            write_table(folder / f"trusted.{suffix}", x[examined:], given[examined:])
            words += ["--trusted", folder / f"trusted.{suffix}"]
        start = time.perf_counter()
        ending = subprocess.run(words, capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if ending.returncode:
            sys.exit(ending.stderr)
        with open(folder / "out" / "rows.csv") as file:
            rows = list(csv.DictReader(file))
    order = np.array([float(row["probability"]) for row in rows])
    flagged = np.array([row["suspicious"] == "1" for row in rows])
    return (*scores(order, flagged, wrong), seconds)


def import_seconds():
    program = ("import cleanlab.filter, cleanlab.rank, sklearn.linear_model,"
               " sklearn.model_selection, sklearn.preprocessing")
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def is_hopeless(name, kind, rate, trusted, classes):
    return rate == 0.5 and not trusted and (kind == "confusable" or classes == 2)


def report(results, arguments):
    lines = ["| data | rows | noise | wrong | trusted | average precision: ours, cleanlab | F1: ours,"
             " cleanlab | seconds: ours, cleanlab | |", "|---|--:|---|--:|--:|---|---|---|---|"]
    won = held = open_ = faster = 0
    for row in results:
        a, b = row["ours"], row["cleanlab"]
        isWon = a[0] > b[0] and a[1] > b[1]
        isHeld = a[0] > b[0] - 0.01 and a[1] > b[1] - 0.01
        mark = "no information" if row["hopeless"] else "" if isWon else "held" if isHeld else "lost"
        if not row["hopeless"]:
            open_ += 1
            won += isWon
            held += isHeld
        faster += a[2] <= b[2] / 2
        lines.append(
            f"| {row['set']} | {row['rows']} | {row['noise']} | {row['rate']:.0%} | {row['trusted']} |"
            f" {a[0]:.3f}, {b[0]:.3f} | {a[1]:.3f}, {b[1]:.3f} | {a[2]:.2f}, {b[2]:.2f} | {mark} |")
    summary = (f"{won} of {open_} settings won, {held} won or held;"
               f" in at most half of cleanlab's time in {faster} of {len(results)}.")
    words = " ".join(
        word for word in arguments if "/" not in word and word not in ("--outerloop", "--data"))
    text = (f"# Wrong labels: `outerloop clean` and cleanlab\n\n{summary}\n\n"
            f"cleanlab {cleanlab.__version__}, scikit-learn {sklearn.__version__},"
            f" {platform.machine()}, {datetime.date.today()}: `label_errors.py {words}`. Means over the"
            " seeds; what is compared is said at the head of the script.\n\n" + "\n".join(lines) + "\n")
    return summary, text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--rates", default="0.05,0.1,0.3,0.5")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--outerloop", default=str(HERE.parent / ".build/release/outerloop"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    start = import_seconds()
    results = []
    for name in options.sets.split(","):
        for kind in ("uniform", "confusable"):
            for rate in map(float, options.rates.split(",")):
                for has_trusted in (False, True):
                    pairs = []
                    for seed in range(options.seeds):
                        x, y = load(name, options.data, options.rows, seed)
                        z = scaled(name, x)
                        extra = len(y) // 11 if has_trusted else 0
                        examined = len(y) - extra
                        given = corrupted(y, rate, kind, partners(z, y), seed)
                        given[examined:] = y[examined:]
                        wrong = (given != y)[:examined]
                        ap, f1, seconds = peer(z, given, examined, wrong)
                        pairs.append((
                            ours(options.outerloop, x, given, examined, wrong, seed),
                            (ap, f1, seconds + start)))
                    row = {
                        "set": name, "rows": examined, "noise": kind, "rate": rate,
                        "trusted": extra, "seeds": options.seeds,
                        "hopeless": bool(is_hopeless(name, kind, rate, has_trusted, y.max() + 1)),
                        "ours": np.mean([pair[0] for pair in pairs], 0).tolist(),
                        "cleanlab": np.mean([pair[1] for pair in pairs], 0).tolist()}
                    results.append(row)
                    print(name, kind, rate, "trusted" if has_trusted else "", *(
                        f"{side} {row[side][0]:.3f} {row[side][1]:.3f} {row[side][2]:.2f}s"
                        for side in ("ours", "cleanlab")), flush=True)
    summary, text = report(results, sys.argv[1:])
    print(summary)
    if options.write:
        target = HERE / "results" / "label-errors"
        target.with_suffix(".md").write_text(text)
        target.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
