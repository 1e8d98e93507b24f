"""The benchmark's problems in JAX, as modes.py wants them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import linear_call

from modes import Problem, map_leaves

CLASSES = 10


def one_hot(labels, like):
    return jax.nn.one_hot(labels, CLASSES, dtype=like.dtype)


def cross_entropies(logits, targets, axis=-1):
    return jax.nn.logsumexp(logits, axis) - jnp.sum(logits * targets, axis)


def plain_descent(rate):
    return dict(
        start=lambda w: w,
        update=lambda w, gradient, h, batch: map_leaves(lambda w, g: w - rate * g, w, gradient),
        weights=lambda w: w)


def heavy_ball(rate, momentum):
    def update(state, gradient, h, batch):
        w, m = state
        m = map_leaves(lambda m, g: momentum * m + g, m, gradient)
        return map_leaves(lambda w, m: w - rate * m, w, m), m

    return dict(
        start=lambda w: (w, map_leaves(jnp.zeros_like, w)), update=update,
        weights=lambda state: state[0])


def minibatches(data, loss, scanned=lambda c: c["batches"]):
    """Training on the rows of `batches`, and the loss on all validation examples."""
    names = ("train_inputs", "train_labels", "batches", "validation_inputs", "validation_labels")
    return dict(
        constants={name: data[name] for name in names},
        outer=lambda w, c: loss(w, c["validation_inputs"], c["validation_labels"]),
        batches=lambda c: ((c["train_inputs"], c["train_labels"]), scanned(c)))


def mlp(data, scalars):
    names = ("w1", "b1", "w2", "b2")  # a list of leaves keeps this order; a dict would sort it

    def loss(w, x, y):
        w1, b1, w2, b2 = w
        logits = jnp.tanh(x @ w1 + b1) @ w2 + b2
        return jnp.mean(cross_entropies(logits, one_hot(y, logits)))

    def inner(w, decay, batch):
        (inputs, labels), indexes = batch
        penalty = sum(jnp.vdot(d * v, v) for d, v in zip(decay, w))
        return loss(w, inputs[indexes], labels[indexes]) + 0.5 * penalty

    initial = [data[name] for name in names]
    ends = np.cumsum([v.size for v in initial])[:-1]
    parts = np.split(data["hyperparameters"], ends)
    return Problem(
        steps=scalars["steps"],
        hyperparameters=[part.reshape(v.shape) for part, v in zip(parts, initial)],
        initial=initial,
        prepare=lambda logs: map_leaves(jnp.exp, logs),
        inner=inner,
        **minibatches(data, loss),
        checkpoint=jax.checkpoint_policies.dots_saveable,
        **heavy_ball(scalars["learning_rate"], scalars["momentum"]))


def cleaning(data, scalars):
    # Classes come first ([10, n] logits, [10, 784] weights) and the inputs are kept both ways round:
    # of the twelve layouts of the two products these are the fastest in XLA, by up to five times.
    def logits(w, inputs):
        weights, bias = w

        def forward(both_ways, weights):
            return weights @ both_ways["transposed"]

        def transpose(both_ways, cotangent):
            return cotangent @ both_ways["straight"]

        return linear_call(forward, transpose, inputs, weights) + bias[:, None]

    def inner(w, example_weights, batch):
        (inputs, targets), _ = batch
        return jnp.mean(example_weights * cross_entropies(logits(w, inputs), targets, axis=0))

    def outer(w, c):
        return jnp.mean(cross_entropies(
            logits(w, c["validation_inputs"]), c["validation_targets"], axis=0))

    def both_ways(inputs):
        return {"straight": inputs, "transposed": np.ascontiguousarray(inputs.T)}

    def targets(labels):
        return np.ascontiguousarray(np.eye(CLASSES, dtype=data["w"].dtype)[:, labels])

    return Problem(
        steps=scalars["steps"],
        hyperparameters=[data["hyperparameters"]],
        initial=(np.ascontiguousarray(data["w"].T), data["b"]),
        constants={
            "train_inputs": both_ways(data["train_inputs"]),
            "train_targets": targets(data["train_labels"]),
            "validation_inputs": both_ways(data["validation_inputs"]),
            "validation_targets": targets(data["validation_labels"])},
        prepare=lambda h: h[0],
        inner=inner,
        outer=outer,
        batches=lambda c: ((c["train_inputs"], c["train_targets"]), None),
        **plain_descent(scalars["learning_rate"]))


def cnn(data, scalars):
    # Activations are [channels, height, width, examples]: the examples, 64 of them, are what vector
    # units run along, a convolution is one product with a matrix of shifted copies, and pooling is
    # an element-wise maximum. XLA's own NHWC convolutions take ten times as long on a CPU.
    def convolution(x, kernel, bias):
        channels, height, width, count = x.shape
        padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        patches = jnp.concatenate(
            [padded[:, i:i + height, j:j + width] for i in range(3) for j in range(3)])
        kernel = kernel.reshape(9 * channels, -1)
        out = kernel.T @ patches.reshape(9 * channels, -1)
        return out.reshape(-1, height, width, count) + bias[:, None, None, None]

    def pooled_relu(x):
        channels, height, width, count = x.shape
        windows = x.reshape(channels, height // 2, 2, width // 2, 2, count)
        return jax.nn.relu(windows.max((2, 4)))

    def loss(w, x, y):
        x = jnp.moveaxis(x, 0, -1).reshape(1, 28, 28, -1)
        x = pooled_relu(convolution(x, w["k1"], w["b1"]))
        x = pooled_relu(convolution(x, w["k2"], w["b2"]))
        dense = w["w3"].reshape(7, 7, 16, CLASSES).transpose(2, 0, 1, 3).reshape(-1, CLASSES)
        logits = x.reshape(-1, x.shape[-1]).T @ dense + w["b3"]
        return jnp.mean(cross_entropies(logits, one_hot(y, logits)))

    def inner(w, decay, batch):
        (inputs, labels), indexes = batch
        squares = [jnp.vdot(w[name], w[name]) for name in ("k1", "k2", "w3")]
        penalty = sum(decay[i] * square for i, square in enumerate(squares))
        return loss(w, inputs[indexes], labels[indexes]) + 0.5 * penalty

    return Problem(
        steps=scalars["steps"],
        hyperparameters=[data["hyperparameters"]],
        initial={name: data[name] for name in ("k1", "b1", "k2", "b2", "w3", "b3")},
        prepare=lambda h: jnp.exp(h[0]),
        inner=inner,
        **minibatches(data, loss),
        **plain_descent(scalars["learning_rate"]))


def lstm(data, scalars):
    # By rows first, and the products with the inputs in one for all of them. Written out, or four rows at a
    # time, the 28 rows take XLA longer to run, and minutes to compile.
    units = int(scalars["units"])

    def loss(w, x, y):
        projected = jnp.moveaxis(x, 1, 0) @ w["input"] + w["bias"]

        def advance(state, row):
            hidden, cell = state
            i, f, g, o = jnp.split(row + hidden @ w["recurrent"], 4, axis=1)
            cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

        start = jnp.zeros((x.shape[0], units), x.dtype)
        (hidden, _), _ = lax.scan(advance, (start, start), projected)
        logits = hidden @ w["w"] + w["b"]
        return jnp.mean(cross_entropies(logits, one_hot(y, logits)))

    def inner(w, h, batch):
        (inputs, labels), (indexes, _) = batch
        squares = jnp.sum(w["input"]**2, 0) + jnp.sum(w["recurrent"]**2, 0)
        penalty = jnp.vdot(h["decays"], jnp.sum(squares.reshape(4, units), 1))
        return loss(w, inputs[indexes], labels[indexes]) + 0.5 * penalty

    def update(w, gradient, h, batch):
        rate = h["rates"][batch[1][1]]
        return map_leaves(lambda w, g: w - rate * g, w, gradient)

    steps = scalars["steps"]
    hyper = data["hyperparameters"]
    return Problem(
        steps=steps,
        hyperparameters=[hyper[:steps], hyper[steps:]],
        initial={name: data[name] for name in ("input", "recurrent", "bias", "w", "b")},
        prepare=lambda h: {"rates": jnp.exp(h[0]), "decays": jnp.exp(h[1])},
        inner=inner,
        **minibatches(data, loss, lambda c: (c["batches"], jnp.arange(steps))),
        start=lambda w: w, update=update, weights=lambda w: w)


def transformer(data, scalars):
    heads = int(scalars["heads"])
    matrices = ("embed", "query", "key", "value", "mix", "expand", "contract", "w")

    def normalized(x):
        centred = x - x.mean(-1, keepdims=True)
        return centred * lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)

    def attention(x, w):
        count, tokens, width = x.shape

        def split(m):
            return (x @ m).reshape(count, tokens, heads, width // heads).transpose(0, 2, 1, 3)

        scores = split(w["query"]) @ split(w["key"]).transpose(0, 1, 3, 2)
        shares = jax.nn.softmax(scores / (width // heads)**0.5)
        mixed = (shares @ split(w["value"])).transpose(0, 2, 1, 3)
        return mixed.reshape(count, tokens, width) @ w["mix"]

    def loss(w, inputs, y):
        x = inputs @ w["embed"] + w["place"]
        x = x + attention(normalized(x), w)
        x = x + jax.nn.relu(normalized(x) @ w["expand"]) @ w["contract"]
        logits = normalized(x).mean(1) @ w["w"] + w["b"]
        return jnp.mean(cross_entropies(logits, one_hot(y, logits)))

    def inner(w, decay, batch):
        (inputs, labels), indexes = batch
        penalty = jnp.vdot(decay, jnp.stack([jnp.sum(w[name]**2) for name in matrices]))
        return loss(w, inputs[indexes], labels[indexes]) + 0.5 * penalty

    return Problem(
        steps=scalars["steps"],
        hyperparameters=[data["hyperparameters"]],
        initial={name: data[name] for name in (*matrices, "place", "b")},
        prepare=lambda h: jnp.exp(h[0]),
        inner=inner,
        **minibatches(data, loss),
        **plain_descent(scalars["learning_rate"]))


def implicit(data, scalars):
    same = mlp(data | {"batches": np.zeros((1, 1), np.int32)}, scalars | {"momentum": 0.0})

    def inner(w, decay, batch):
        (inputs, labels), _ = batch
        return same.inner(w, decay, ((inputs, labels), slice(None)))

    return dataclasses.replace(
        same, inner=inner, iterations=int(scalars["iterations"]), checkpoint=None,
        batches=lambda c: ((c["train_inputs"], c["train_labels"]), None),
        **plain_descent(scalars["learning_rate"]))


def toy(data, scalars):
    def inner(w, decay, batch):
        (centre, _), _ = batch
        return 0.5 * jnp.vdot(decay * w, w) + 0.5 * jnp.sum((w - centre) ** 2)

    return Problem(
        steps=scalars["steps"],
        hyperparameters=[data["hyperparameters"]],
        initial=data["w"],
        constants={"c": data["c"], "d": data["d"]},
        prepare=lambda h: jnp.exp(h[0]),
        inner=inner,
        outer=lambda w, c: 0.5 * jnp.sum((w - c["d"]) ** 2),
        batches=lambda c: ((c["c"], c["d"]), None),
        **plain_descent(scalars["learning_rate"]))


PROBLEMS = {
    "mlp": mlp, "cleaning": cleaning, "cnn": cnn, "lstm": lstm, "transformer": transformer,
    "implicit": implicit, "toy": toy}
