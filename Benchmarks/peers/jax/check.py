#!/usr/bin/env python3
"""Checks the mathematics of problems.py and modes.py in float64, over a few steps of every problem.

    ../.venv/bin/python check.py [--data ../../.data] [--steps 5]

Every mode must agree to 1e-10 (1e-6 after 20 steps of conjugate gradients, which enlarge rounding)
with a textbook form written here a second time (library convolutions, one copy of the inputs, heads
and rows in loops, the hyperparameters differentiated as they stand), and with a central difference
of the outer loss along a random direction to 1e-5.
"""

import argparse
import os
import pathlib
import sys

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["XLA_FLAGS"] = "--xla_disable_hlo_passes=constant_folding"  # the data are constants here

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

import hypergradients  # noqa: E402
import modes  # noqa: E402
import problems  # noqa: E402


def mean_cross_entropy(logits, labels, weights=1.0):
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(weights * jnp.take_along_axis(logs, labels[:, None], 1)[:, 0])


def descend(gradient, w, steps, rate, momentum=0.0):
    m = jax.tree.map(jnp.zeros_like, w)
    for t in range(steps):
        m = jax.tree.map(lambda m, g: momentum * m + g, m, gradient(w, t))
        w = jax.tree.map(lambda w, m: w - rate * m, w, m)
    return w


def textbook_mlp(a, s):
    def loss(w, x, y):
        return mean_cross_entropy(jnp.tanh(x @ w[0] + w[1]) @ w[2] + w[3], y)

    def inner(w, logs, t):
        i = a["batches"][t]
        flat = jnp.concatenate([v.ravel() for v in w])
        return (loss(w, a["train_inputs"][i], a["train_labels"][i])
                + 0.5 * jnp.sum(jnp.exp(logs) * flat**2))

    def outer(logs):
        w = descend(lambda w, t: jax.grad(inner)(w, logs, t), [a[n] for n in ("w1", "b1", "w2", "b2")],
                    s["steps"], s["learning_rate"], s["momentum"])
        return loss(w, a["validation_inputs"], a["validation_labels"])

    return outer


def textbook_cleaning(a, s):
    def inner(w, weights, t):
        return mean_cross_entropy(a["train_inputs"] @ w[0] + w[1], a["train_labels"], weights)

    def outer(weights):
        w = descend(lambda w, t: jax.grad(inner)(w, weights, t), [a["w"], a["b"]],
                    s["steps"], s["learning_rate"])
        return mean_cross_entropy(a["validation_inputs"] @ w[0] + w[1], a["validation_labels"])

    return outer


def textbook_cnn(a, s):
    def block(x, kernel, bias):
        x = lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return lax.reduce_window(
            jax.nn.relu(x + bias), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def loss(w, x, y):
        x = block(block(x, w["k1"], w["b1"]), w["k2"], w["b2"])
        return mean_cross_entropy(x.reshape(len(x), -1) @ w["w3"] + w["b3"], y)

    def inner(w, logs, t):
        i = a["batches"][t]
        squares = jnp.stack([jnp.sum(w[n] ** 2) for n in ("k1", "k2", "w3")])
        return (loss(w, a["train_inputs"][i], a["train_labels"][i])
                + 0.5 * jnp.sum(jnp.exp(logs) * squares))

    def outer(logs):
        w = descend(lambda w, t: jax.grad(inner)(w, logs, t),
                    {n: a[n] for n in ("k1", "b1", "k2", "b2", "w3", "b3")},
                    s["steps"], s["learning_rate"])
        return loss(w, a["validation_inputs"], a["validation_labels"])

    return outer


def textbook_toy(a, s):
    def inner(w, logs, t):
        return 0.5 * jnp.sum(jnp.exp(logs) * w**2) + 0.5 * jnp.sum((w - a["c"]) ** 2)

    def outer(logs):
        w = descend(lambda w, t: jax.grad(inner)(w, logs, t), a["w"], s["steps"], s["learning_rate"])
        return 0.5 * jnp.sum((w - a["d"]) ** 2)

    return outer


def textbook_lstm(a, s):
    names = ("input", "recurrent", "bias", "w", "b")
    n = int(s["units"])

    def loss(w, x, y):
        matrix, recurrent, bias, out, shift = w
        h = c = jnp.zeros((len(x), n))
        for t in range(x.shape[1]):
            gates = x[:, t] @ matrix + h @ recurrent + bias
            i, f, g, o = (gates[:, k * n:(k + 1) * n] for k in range(4))
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return mean_cross_entropy(h @ out + shift, y)

    def inner(w, logs, t):
        i = a["batches"][t]
        squares = jnp.stack([
            jnp.sum(w[0][:, k * n:(k + 1) * n]**2) + jnp.sum(w[1][:, k * n:(k + 1) * n]**2)
            for k in range(4)])
        return (loss(w, a["train_inputs"][i], a["train_labels"][i])
                + 0.5 * jnp.sum(jnp.exp(logs[-4:]) * squares))

    def outer(logs):
        w = [a[name] for name in names]
        for t in range(s["steps"]):
            gradient = jax.grad(inner)(w, logs, t)
            w = [v - jnp.exp(logs[t]) * g for v, g in zip(w, gradient)]
        return loss(w, a["validation_inputs"], a["validation_labels"])

    return outer


def textbook_transformer(a, s):
    matrices = ("embed", "query", "key", "value", "mix", "expand", "contract", "w")
    heads = int(s["heads"])

    def normalized(x):
        return (x - jnp.mean(x, -1, keepdims=True)) / jnp.sqrt(jnp.var(x, -1, keepdims=True) + 1e-5)

    def loss(w, x, y):
        x = x @ w["embed"] + w["place"]
        z = normalized(x)
        width = z.shape[-1] // heads
        parts = []
        for k in range(heads):
            columns = slice(k * width, (k + 1) * width)
            query, key, value = (z @ w[name][:, columns] for name in ("query", "key", "value"))
            scores = jnp.einsum("nik,njk->nij", query, key) / np.sqrt(width)
            parts.append(jnp.einsum("nij,njk->nik", jax.nn.softmax(scores), value))
        x = x + jnp.concatenate(parts, -1) @ w["mix"]
        x = x + jax.nn.relu(normalized(x) @ w["expand"]) @ w["contract"]
        return mean_cross_entropy(jnp.mean(normalized(x), 1) @ w["w"] + w["b"], y)

    def inner(w, logs, t):
        i = a["batches"][t]
        squares = jnp.stack([jnp.sum(w[name]**2) for name in matrices])
        return (loss(w, a["train_inputs"][i], a["train_labels"][i])
                + 0.5 * jnp.sum(jnp.exp(logs) * squares))

    def outer(logs):
        w = descend(lambda w, t: jax.grad(inner)(w, logs, t),
                    {name: a[name] for name in (*matrices, "place", "b")},
                    s["steps"], s["learning_rate"])
        return loss(w, a["validation_inputs"], a["validation_labels"])

    return outer


def implicit_expected(a, s):
    """The implicit hypergradient from flat vectors and conjugate gradients written out."""
    start = [a[n] for n in ("w1", "b1", "w2", "b2")]
    ends = np.cumsum([v.size for v in start])[:-1]

    def loss(flat, x, y):
        w1, b1, w2, b2 = (part.reshape(v.shape) for part, v in zip(jnp.split(flat, ends), start))
        return mean_cross_entropy(jnp.tanh(x @ w1 + b1) @ w2 + b2, y)

    def inner(flat, logs):
        return (loss(flat, a["train_inputs"], a["train_labels"])
                + 0.5 * jnp.sum(jnp.exp(logs) * flat**2))

    @jax.jit
    def hypergradient(logs):
        w = jnp.concatenate([v.ravel() for v in start])
        for _ in range(s["steps"]):
            w = w - s["learning_rate"] * jax.grad(inner)(w, logs)
        r = p = jax.grad(loss)(w, a["validation_inputs"], a["validation_labels"])
        q = jnp.zeros_like(w)
        for _ in range(int(s["iterations"])):
            hp = jax.jvp(lambda w: jax.grad(inner)(w, logs), (w,), (p,))[1]
            alpha = r @ r / (p @ hp)
            q, next_r = q + alpha * p, r - alpha * hp
            p = next_r + (next_r @ next_r) / (r @ r) * p
            r = next_r
        return -jnp.exp(logs) * w * q

    return np.asarray(hypergradient(a["hyperparameters"]))


TEXTBOOK = {
    "mlp": textbook_mlp, "cleaning": textbook_cleaning, "cnn": textbook_cnn, "lstm": textbook_lstm,
    "transformer": textbook_transformer, "toy": textbook_toy}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / ".data")
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()

    failed = False
    for name in problems.PROBLEMS:
        arrays, scalars = hypergradients.load(options.data / name)
        arrays = {
            key: value.astype(np.float64) if value.dtype == np.float32 else value
            for key, value in arrays.items()}
        if name == "lstm":  # a rate for each step, then the decays
            h = arrays["hyperparameters"]
            arrays["hyperparameters"] = np.concatenate([h[:options.steps], h[-4:]])
        if name != "implicit":
            scalars["steps"] = options.steps
        if "batches" in arrays:
            arrays["batches"] = arrays["batches"][:options.steps]

        device = {key: jnp.asarray(value) for key, value in arrays.items()}
        h = arrays["hyperparameters"]
        if name == "implicit":  # not the derivative of anything that could be computed by differences
            expected = implicit_expected(device, scalars)
        else:
            compiled = (lambda f: f) if name == "lstm" else jax.jit  # XLA takes minutes for its rows
            outer = compiled(TEXTBOOK[name](device, scalars))
            expected = np.asarray(compiled(jax.grad(outer))(h))
            direction = np.random.default_rng(1).normal(size=h.shape)
            size = 1e-3
            difference = (outer(h + size * direction) - outer(h - size * direction)) / (2 * size)
            slope = expected @ direction
            error = abs(difference - slope) / abs(slope)
            good = error < 1e-5
            failed |= not good
            print(f"{name:11} {'difference':10} {error:.1e} {'ok' if good else 'WRONG'}", flush=True)

        problem = problems.PROBLEMS[name](arrays, scalars)
        for mode in modes.MODES:
            _, result = jax.jit(modes.hypergradient(problem, mode))(
                problem.hyperparameters, problem.initial, problem.constants)
            flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(result)])
            error = np.linalg.norm(flat - expected) / np.linalg.norm(expected)
            good = error < (1e-6 if name == "implicit" else 1e-10)
            failed |= not good
            print(f"{name:11} {mode:10} {error:.1e} {'ok' if good else 'WRONG'}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
