#!/usr/bin/env python3
"""Trains the final models of a cleaning run again, in NumPy, and tests them on two populations.

    python3 Benchmarks/evaluate_cleaning.py --data DIR [--weights Benchmarks/results/...json]

DIR holds MNIST's four files. The command tests on the data's own test file; the published experiment
drew its 10,000 test examples from the same pool as the training examples, which is a little harder.
Given the learned weights of a run, this script repeats its draws (Philox, see RandomKey.swift) and its
final training independently, and prints the accuracy of each model on both. Needs numpy.
"""

import argparse
import gzip
import json
import pathlib

import numpy as np

MASK = (1 << 64) - 1
LOW = np.uint64(0xFFFFFFFF)


def mixed(value):
    z = (value + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def bits(seed, purpose, count):
    """The first words of the stream (seed, purpose, 0): Philox4x32-10."""
    hashed = 0xCBF29CE484222325
    for byte in purpose.encode():
        hashed = ((hashed ^ byte) * 0x100000001B3) & MASK
    key = mixed(seed ^ mixed(hashed))
    blocks = (count + 3) // 4
    c = [np.arange(blocks, dtype=np.uint64)] + [np.zeros(blocks, np.uint64) for _ in range(3)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & LOW,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & LOW]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1).reshape(-1)[:count]


def permutation(seed, purpose, count):
    order = list(range(count))
    for step, draw in enumerate(bits(seed, purpose, count - 1)):
        last = count - 1 - step
        other = (int(draw) * (last + 1)) >> 32
        order[last], order[other] = order[other], order[last]
    return order


def read(folder, name, header):
    return np.frombuffer(gzip.open(folder / name).read(), np.uint8)[header:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--weights", type=pathlib.Path, default=pathlib.Path(__file__).parent
                        / "results" / "cleaning-mnist-weights.json")
    options = parser.parse_args()
    run = json.loads(options.weights.read_text())
    settings, weights = run["settings"], np.array(run["weights"], np.float32)
    images = read(options.data, "train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    labels = read(options.data, "train-labels-idx1-ubyte.gz", 8)
    tests = {"own test file": (
        read(options.data, "t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784) / np.float32(255),
        read(options.data, "t10k-labels-idx1-ubyte.gz", 8))}

    seed, n, held = settings["seed"], settings["train"], settings["validation"]
    order = permutation(seed, "split", len(labels))
    pool = order[n + held:n + held + 10_000]
    tests["same pool"] = (images[pool] / np.float32(255), labels[pool])
    wrong = round(settings["corrupt"] * n)
    corrupted = permutation(seed, "corrupt", n)[:wrong]
    noisy = labels[order[:n]].astype(int)
    for index, draw in zip(corrupted, bits(seed, "wrong class", wrong)):
        noisy[index] = (noisy[index] + ((int(draw) * 9) >> 32) + 1) % 10

    x = images[order[:n + held]] / np.float32(255)
    y = np.eye(10, dtype=np.float32)[np.concatenate([noisy, labels[order[n:n + held]]])]

    def report(name, example_weights, steps, rate):
        w, b = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)
        for _ in range(steps):
            z = x @ w + b
            e = np.exp(z - z.max(1, keepdims=True))
            d = (e / e.sum(1, keepdims=True) - y) * (example_weights / len(y))[:, None]
            w -= rate * (x.T @ d)
            b -= rate * d.sum(0)
        scores = ", ".join(f"{test}: {((a @ w + b).argmax(1) == t).mean():.4f}"
                           for test, (a, t) in tests.items())
        print(f"{name}, {steps} steps: {scores}", flush=True)

    steps, rate = settings["steps"], settings["rate"]
    ones = np.ones(n + held, np.float32)
    oracle = ones.copy()
    oracle[corrupted] = 0
    largest = weights.max()
    learned = np.concatenate([weights, np.full(held, largest, np.float32)])
    report("baseline", ones, steps, rate)
    report("oracle", oracle, steps, rate)
    report("cleaned", learned, steps, rate / largest)
    report("cleaned", learned, 2 * steps, rate / largest)


if __name__ == "__main__":
    main()
