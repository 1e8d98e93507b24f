#!/usr/bin/env python3
"""Runs one of gradhpo's methods on a cleaning task, through its public interface, and prints a line
of JSON (see ../../README.md, "Online updates").

    .venv/bin/python online.py --task demo --seed 0 --estimator distill --data ../../.data

The run is the notebook's: `optimizer.run` with its constants, its batches, and the whole validation
set evaluated after each training. Batches are drawn beforehand and the evaluation is compiled, so
none of their time is counted against the library.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradhpo
import task as tasks
from gradhpo import (
    FOOptimizer, GreedyOptimizer, OneStepOptimizer, OnlineHypergradientOptimizer, T1T2Optimizer)

sys.path.insert(0, str(tasks.HERE.parent / "jax"))
from hypergradients import load, peak_bytes  # noqa: E402


def optimizer_for(estimator, t, m):
    rates = dict(inner_optimizer=optax.sgd(t["inner_rate"]), outer_optimizer=optax.adam(t["outer_rate"]))
    if estimator == "distill":
        return OnlineHypergradientOptimizer(
            gamma=m["gamma"], estimation_period=m["period"], T=m["steps"], **rates)
    if estimator == "finite-difference":
        return T1T2Optimizer(gamma=m["gamma"], T=m["steps"], **rates)
    if estimator == "greedy":
        return GreedyOptimizer(gamma=m["gamma"], unroll_steps=m["steps"], **rates)
    return OneStepOptimizer(**rates) if estimator == "one-step" else FOOptimizer(**rates)


def losses():
    """Weighted inner loss on examples and their numbers, plain outer loss on examples. The notebook's
    inner loss gathers examples that it captures; captured data of the size of `wide` would be compiled
    into every program."""
    def errors(w, x, y):
        logits = jax.nn.relu(x @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y)

    def inner(w, free, batch):
        rows, x, y = batch
        return jnp.mean(jax.nn.sigmoid(free[rows]) * errors(w, x, y))

    def outer(w, free, batch):
        return jnp.mean(errors(w, *batch))

    return inner, outer


def seconds_of(body):
    start = time.perf_counter()
    jax.block_until_ready(body())
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", required=True, choices=tasks.TASKS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--estimator", required=True, choices=tasks.METHODS)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=200, help="timed updates and gradients, warm")
    parser.add_argument("--out", type=pathlib.Path, help="the learned hyperparameters, raw float32")
    options = parser.parse_args()

    t, m = tasks.TASKS[options.task], tasks.METHODS[options.estimator]
    arrays, _ = load(tasks.folder(options.data, options.task, options.seed))
    inner, outer = losses()
    held = (jnp.asarray(arrays["validation_inputs"]), jnp.asarray(arrays["validation_labels"]))
    weights = {name: jnp.asarray(arrays[name]) for name in ("w1", "b1", "w2", "b2")}
    free = jnp.asarray(arrays["hyperparameters"])
    flipped = arrays["flipped"].astype(bool)
    (train_rows, _), (held_rows, _) = tasks.order(options.task, options.estimator, options.seed)
    inputs, labels = arrays["train_inputs"], arrays["train_labels"]
    train_batches = [
        (jnp.asarray(rows), jnp.asarray(inputs[rows]), jnp.asarray(labels[rows])) for rows in train_rows]
    held_batches = [
        (jnp.asarray(arrays["validation_inputs"][rows]), jnp.asarray(arrays["validation_labels"][rows]))
        for rows in held_rows]
    jax.block_until_ready((train_batches, held_batches))
    score = jax.jit(lambda w, held: outer(w, None, held))
    score(weights, held).block_until_ready()

    optimizer = optimizer_for(options.estimator, t, m)
    state = optimizer.init(weights, free)

    def update(state):
        return optimizer.step(state, train_batches[0], held_batches[0], inner, outer)

    validation, ends = [], []

    def after_training(_, state):
        validation.append(float(score(state.params, held)))
        ends.append(time.perf_counter())

    # The whole run, as shipped: everything it compiles, it compiles in here.
    train, held_out = iter(train_batches), iter(held_batches)
    counts = [m["steps"]] if options.estimator in ("one-step", "first-order") else []
    start = time.perf_counter()
    final = optimizer.run(
        state, t["trainings"], *counts, lambda: next(train), lambda: next(held_out), inner, outer,
        lr_reptile=1.0, callback=after_training)
    jax.block_until_ready(final.hyperparams)
    total = time.perf_counter() - start
    if next(train, None) is not None or next(held_out, None) is not None:
        sys.exit("online.py: gradhpo drew fewer batches than the task provides")
    updates = t["trainings"] * m["steps"] // m["every"]
    per_training = updates // t["trainings"]
    spans = np.diff([start, *ends])
    variants = type(optimizer).step._cache_size()

    # Warm: one update again and again, and one gradient step of the same training, compiled.
    for _ in range(3):
        jax.block_until_ready(update(state).params)
    warm = [seconds_of(lambda: update(state).hyperparams) for _ in range(options.repeats)]
    descend = jax.jit(lambda w, free, batch: jax.tree.map(
        lambda w, g: w - t["inner_rate"] * g, w, jax.grad(inner)(w, free, batch)))
    for _ in range(3):
        jax.block_until_ready(descend(weights, free, train_batches[0]))
    gradient = [
        seconds_of(lambda: descend(weights, free, train_batches[0])) for _ in range(options.repeats)]

    learned = np.asarray(final.hyperparams, dtype="<f4")
    if options.out:
        learned.tofile(options.out)
    shares = 1 / (1 + np.exp(-learned))
    clean, noisy = float(shares[~flipped].mean()), float(shares[flipped].mean())
    print(json.dumps({
        "side": "gradhpo", "task": options.task, "seed": options.seed, "estimator": options.estimator,
        "updates": updates, "steps": t["trainings"] * m["steps"], "total_seconds": total,
        "first_training_seconds": float(spans[0]),
        "late_update_seconds": float(np.median(spans[len(spans) // 2:])) / per_training,
        "warm_update_seconds": statistics.median(warm), "warm_update_spread": [min(warm), max(warm)],
        "gradient_seconds": statistics.median(gradient), "compiled_variants": variants,
        "separation": clean - noisy, "clean_weight": clean, "noisy_weight": noisy,
        "best_validation_loss": min(validation), "final_validation_loss": validation[-1],
        "peak_rss_bytes": peak_bytes(), "threads": len(os.sched_getaffinity(0)),
        "version": f"gradhpo {gradhpo.__version__}, jax {jax.__version__}, optax {optax.__version__}, "
                   f"python {sys.version.split()[0]}"}))


if __name__ == "__main__":
    main()
