#!/usr/bin/env python3
"""Whether example weights by hypergradient say more about wrong labels than `outerloop clean` knows.

    bash Benchmarks/peers/install.sh cleanlab
    Benchmarks/peers/cleanlab/.venv/bin/python Benchmarks/label_evidence.py [--data ../shared/data]
        [--seeds 5] [--outerloop .build/release/outerloop] [--write]

The hypergradient of a held-out loss with respect to the weight of example i, at weight 1, for softmax
regression trained to its minimum with Hessian H, is

    dE/dw_i = - v' H^-1 g_i,    v: gradient of the held-out loss, g_i: that of the loss of example i,

by the implicit function theorem: positive where the held-out loss would fall without the example. With
trusted rows these are held out; without, each of five folds in turn, with its labels as given, and the
values of a row are averaged. Noise and trusted rows are those of label_errors.py.

Three average precisions: of the probabilities of `outerloop clean`, of the hypergradients, and of the
best that could be made of both: a logistic regression on the logit of the probability and the rank of
the hypergradient which is fitted to the true answers, an upper bound that no method can use.
"""

import argparse
import csv
import pathlib
import subprocess
import sys
import tempfile

import label_errors as labels
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

DECAY = 0.01


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def hypergradients(z, given, train, held):
    """dE/dw of each row of `train`, by the Hessian of all classes together."""
    z = np.column_stack([z, np.ones(len(z))])
    classes = given.max() + 1
    (n, d) = (len(train), z.shape[1])
    model = LogisticRegression(C=1 / (DECAY * n), max_iter=2000, tol=1e-8)
    model.fit(z[train][:, :-1], given[train])
    weights = np.zeros((d, classes))
    found = np.vstack([model.coef_.T, model.intercept_])
    if found.shape[1] == 1:  # two classes: the second's, of which softmax takes halves
        found = np.hstack([-found / 2, found / 2])
    weights[:, model.classes_] = found
    p = softmax(z @ weights)
    slopes = p - np.eye(classes)[given]
    hessian = np.zeros((classes, d, classes, d))
    x = z[train]
    for a in range(classes):
        for b in range(a, classes):
            s = p[train, a] * ((a == b) - p[train, b])
            hessian[a, :, b, :] = hessian[b, :, a, :] = (x * s[:, None]).T @ x / n
    size = classes * d
    hessian = hessian.reshape(size, size) + DECAY * np.eye(size)
    v = (slopes[held].T @ z[held] / len(held)).reshape(size)
    u = np.linalg.solve(hessian, v).reshape(classes, d)
    return -np.einsum("nk,kd,nd->n", slopes[train], u, x) / n


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--data", type=pathlib.Path, default=labels.HERE.parent.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--outerloop", default=str(labels.HERE.parent / ".build/release/outerloop"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = ["| data | noise | wrong | trusted | clean | hypergradient | bound of both |",
             "|---|---|--:|---|--:|--:|--:|"]
    gains = []
    for name in ("wine", "breast_cancer", "digits"):
        for kind in ("uniform", "confusable"):
            for rate in (0.05, 0.1, 0.3):
                for has_trusted in (False, True):
                    rows = []
                    for seed in range(options.seeds):
                        x, y = labels.load(name, options.data, 1000, seed)
                        z = labels.scaled(name, x)
                        extra = len(y) // 11 if has_trusted else 0
                        examined = len(y) - extra
                        given = labels.corrupted(y, rate, kind, labels.partners(z, y), seed)
                        given[examined:] = y[examined:]
                        wrong = (given != y)[:examined]
                        if has_trusted:
                            slope = hypergradients(
                                z, given, np.arange(examined), np.arange(examined, len(y)))
                        else:
                            slope = np.zeros(len(y))
                            split = StratifiedKFold(5, shuffle=True, random_state=seed)
                            for train, held in split.split(z, given):
                                slope[train] += hypergradients(z, given, train, held)
                        p = probabilities(options.outerloop, x, given, examined, seed)
                        logit = np.log(p + 1e-9) - np.log1p(1e-9 - p)
                        both = np.column_stack(
                            [logit, np.argsort(np.argsort(slope)) / len(slope)])
                        bound = LogisticRegression().fit(both, wrong).decision_function(both)
                        rows.append([
                            average_precision_score(wrong, order) for order in (p, slope, bound)])
                    mean = np.mean(rows, 0)
                    gains.append(mean[2] - mean[0])
                    lines.append(
                        f"| {name} | {kind} | {rate:.0%} | {'yes' if has_trusted else 'no'} |"
                        f" {mean[0]:.3f} | {mean[1]:.3f} | {mean[2]:.3f} |")
                    print(lines[-1], flush=True)
    summary = (f"The bound of both is above the probabilities alone by {np.mean(gains):.4f} on"
               f" average, by {max(gains):.4f} at most.")
    print(summary)
    if options.write:
        text = ("# Wrong labels: what hypergradients add\n\n" + summary + "\n\n"
                f"`label_evidence.py --seeds {options.seeds} --write`, average precision, means over"
                " the seeds; what is compared is said at the head of the script.\n\n"
                + "\n".join(lines) + "\n")
        (labels.HERE / "results" / "label-evidence.md").write_text(text)


def probabilities(command, x, given, examined, seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        labels.write_table(folder / "rows.csv", x[:examined], given[:examined])
        words = [command, "clean", "--data", folder / "rows.csv", "--out", folder / "out",
                 "--seed", str(seed), "-q"]
        if examined < len(given):
            labels.write_table(folder / "trusted.csv", x[examined:], given[examined:])
            words += ["--trusted", folder / "trusted.csv"]
        ending = subprocess.run(words, capture_output=True, text=True)
        if ending.returncode:
            sys.exit(ending.stderr)
        with open(folder / "out" / "rows.csv") as file:
            return np.array([float(row["probability"]) for row in csv.DictReader(file)])


if __name__ == "__main__":
    main()
