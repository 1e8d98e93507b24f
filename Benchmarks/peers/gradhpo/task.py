#!/usr/bin/env python3
"""The data of the online benchmark, for both sides (see ../../README.md, "Online updates").

    .venv/bin/python task.py [--out ../../.data] [--seeds 0,1,2] [--force]

`demo` is the cleaning task of gradhpo's demonstration notebook: the same random keys give the same
400 + 200 Gaussian examples, the same initial weights, and for every method the same batches in the
same order. `wide` is a task of the size of MNIST. Each is a folder `<out>/online-<task>-<seed>`.
"""

import argparse
import json
import pathlib
import sys

import jax
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
from make_data import Writer, images  # noqa: E402

VERSION = 1
BATCH = 128

# gradhpo's names, ours, the number of the demo's stream of batches, and its schedule: steps of one
# training (episode), and steps for each update of the hyperparameters. `fresh` says whether every
# step sees a batch of its own. The demo leaves the one-step optimizer out of this task.
METHODS = {
    "distill": dict(stream=200, steps=20, every=1, fresh=True, gamma=0.99, period=10),
    "finite-difference": dict(stream=300, steps=20, every=1, fresh=True, gamma=0.99),
    "greedy": dict(stream=400, steps=5, every=5, fresh=False, gamma=0.9),
    "first-order": dict(stream=100, steps=20, every=1, fresh=True),
    "one-step": dict(stream=500, steps=20, every=1, fresh=True),
}
TASKS = {
    "demo": dict(trainings=300, inner_rate=0.05, outer_rate=0.001, train=400, validation=200),
    "wide": dict(trainings=10, inner_rate=0.05, outer_rate=0.001, train=5_000, validation=1_000),
}


def folder(root, task, seed):
    return pathlib.Path(root) / f"online-{task}-{seed}"


def clusters(key, centres, count, noise):
    """Gaussian clusters; labels replaced at random (perhaps by themselves) with probability `noise`.
    The notebook draws labels and positions from one key, so we do."""
    _, placing, choosing, replacing = jax.random.split(key, 4)
    classes = len(centres)
    labels = jax.random.randint(placing, (count,), 0, classes)
    inputs = centres[labels] + 0.5 * jax.random.normal(placing, (count, centres.shape[1]))
    flipped = jax.random.bernoulli(choosing, noise, (count,)) if noise else labels < 0
    others = jax.random.randint(replacing, (count,), 0, classes)
    return np.asarray(inputs), np.asarray(jax.numpy.where(flipped, others, labels)), np.asarray(flipped)


def demo_arrays(seed):
    centring, training, validating, weighting = jax.random.split(jax.random.PRNGKey(seed), 4)
    centres = 2 * jax.random.normal(centring, (5, 10))
    inputs, labels, flipped = clusters(training, centres, 400, 0.3)
    held_inputs, held_labels, _ = clusters(validating, centres, 200, 0)
    first, second = jax.random.split(weighting)
    weights = {
        "w1": jax.random.normal(first, (10, 32)) * np.sqrt(2 / 10), "b1": np.zeros(32),
        "w2": jax.random.normal(second, (32, 5)) * np.sqrt(2 / 32), "b2": np.zeros(5)}
    return dict(train_inputs=inputs, train_labels=labels, flipped=flipped.astype(np.int32),
                validation_inputs=held_inputs, validation_labels=held_labels, **weights)


def wide_arrays(seed):
    random = np.random.Generator(np.random.PCG64([seed, 40]))
    inputs, labels = images(40, 5_000)
    held_inputs, held_labels = images(41, 1_000)
    flipped = random.random(5_000) < 0.3
    labels = np.where(flipped, random.integers(0, 10, 5_000), labels)
    return dict(train_inputs=inputs, train_labels=labels, flipped=flipped.astype(np.int32),
                validation_inputs=held_inputs, validation_labels=held_labels,
                w1=random.normal(0, np.sqrt(2 / 784), (784, 300)), b1=np.zeros(300),
                w2=random.normal(0, np.sqrt(2 / 300), (300, 10)), b2=np.zeros(10))


def draws(key, count, examples):
    """Batch after batch, as the notebook's samplers draw them: with replacement, a split each."""
    def draw(key, _):
        key, own = jax.random.split(key)
        return key, jax.random.randint(own, (BATCH,), 0, examples)

    return np.asarray(jax.lax.scan(draw, key, None, length=count)[1])


def order(task, method, seed):
    """Everything the peer draws from its two streams in a run, and which of it are steps of training.

    HyperDistill draws a training's worth of batches more before every tenth training, to estimate
    theta, and every method one more validation batch after each training, for its report.
    """
    m, t = METHODS[method], TASKS[task]
    per_training = m["steps"] if m["fresh"] else 1
    train, validation = [], []
    for training in range(t["trainings"]):
        if method == "distill" and training % m["period"] == 0:
            train += [False] * m["steps"]
            validation += [False]
        train += [True] * per_training
        validation += [True] * per_training + [False]
    keys = jax.random.split(jax.random.PRNGKey(seed + m["stream"]))
    return ((draws(keys[0], len(train), t["train"]), np.array(train)),
            (draws(keys[1], len(validation), t["validation"]), np.array(validation)))


def write(root, task, seed):
    where = folder(root, task, seed)
    index = where / "index.json"
    if index.exists() and json.loads(index.read_text()).get("online_version") == VERSION:
        return
    t = TASKS[task]
    count = t["train"]
    writer = Writer(where, f"online-{task}", {"name": "logit_of_example_weight", "count": count})
    writer.index |= {"seed": seed, "online_version": VERSION}
    writer.scalars(batch=BATCH, **t)
    arrays = demo_arrays(seed) if task == "demo" else wide_arrays(seed)
    for name, values in arrays.items():
        writer.array(name, np.asarray(values))
    writer.array("hyperparameters", np.zeros(count))
    for name, m in METHODS.items():
        for key in ("steps", "every", "gamma", "period"):
            if key in m:
                writer.scalars(**{f"{name}.{key}": m[key]})
        for data, (rows, steps) in zip(("train", "validation"), order(task, name, seed)):
            rows = rows[steps]
            if not m["fresh"]:
                rows = np.repeat(rows, m["steps"], axis=0)
            writer.array(f"{name}.{data}_batches", rows)
    writer.close()
    print(f"Wrote {where}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parents[1] / ".data")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--force", action="store_true")
    options = parser.parse_args()
    for seed in map(int, options.seeds.split(",")):
        for task in TASKS:
            if options.force:
                (folder(options.out, task, seed) / "index.json").unlink(missing_ok=True)
            write(options.out, task, seed)


if __name__ == "__main__":
    main()
