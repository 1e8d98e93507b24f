#!/usr/bin/env python3
"""Writes the shared inputs of the hypergradient benchmark (see README.md, "Data").

    peers/.venv/bin/python make_data.py [--out .data] [--force]

Every array is raw little-endian float32 or int32 in row-major order, one file each, named by
`<out>/<problem>/index.json`. Ours and the peers read the very same bytes, so their hypergradients
can be compared. Everything follows from one seed; existing data of this version is left alone.
"""

import argparse
import json
import pathlib
import shutil

import numpy as np

VERSION = 1
SEED = 20240229
SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10


class Writer:
    """Collects the arrays of one problem and writes them with their index."""

    def __init__(self, folder, problem, result):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self.index = {
            "version": VERSION, "seed": SEED, "problem": problem,
            "scalars": {}, "arrays": {}, "result": result,
        }

    def scalars(self, **values):
        self.index["scalars"].update(values)

    def array(self, name, values):
        kind, suffix = ("int32", "i32") if values.dtype.kind in "iu" else ("float32", "f32")
        stored = np.ascontiguousarray(values, dtype="<i4" if kind == "int32" else "<f4")
        file = f"{name}.{suffix}"
        stored.tofile(self.folder / file)
        self.index["arrays"][name] = {"file": file, "type": kind, "shape": list(stored.shape)}

    def examples(self, kind, inputs, labels, shape=None):
        """The inputs, in a shape if one is given, and the labels of training or validation."""
        self.array(f"{kind}_inputs", inputs if shape is None else inputs.reshape(shape))
        self.array(f"{kind}_labels", labels)

    def close(self):
        # The index comes last: data without one is unfinished and is written again.
        (self.folder / "index.json").write_text(json.dumps(self.index, indent=2) + "\n")


def generator(stream):
    """An independent PCG64 stream for each use, so that one problem's data never shifts another's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([SEED, stream])))


def prototypes():
    """One grey drawing per class: three quadratic strokes of a soft pen."""
    random = generator(0)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    along = np.linspace(0, 1, 24)[:, None]
    drawings = np.zeros((CLASSES, SIDE, SIDE))
    for drawing in drawings:
        for _ in range(3):
            start, bend, end = random.uniform(5, 22, size=(3, 2))
            for y, x in (1 - along) ** 2 * start + 2 * along * (1 - along) * bend + along**2 * end:
                pen = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 1.3**2))
                np.maximum(drawing, pen, out=drawing)
    return drawings


def images(stream, count):
    """`count` pictures [count, 784] in [0, 1], four fifths exact zeros, and their labels 0...9.

    A picture is its class's drawing, mixed with a lesser share of another's, shifted by up to two
    pixels, shaded by noise; all but its 157 brightest pixels are set to zero.
    """
    random = generator(stream)
    drawings = prototypes()
    labels = random.integers(0, CLASSES, count)
    others = random.integers(0, CLASSES, count)
    share = random.uniform(0.55, 1.0, count)[:, None, None]
    pictures = share * drawings[labels] + (1 - share) * drawings[others]
    shifts = random.integers(-2, 3, size=(count, 2))
    for picture, shift in zip(pictures, shifts):
        picture[:] = np.roll(picture, shift, axis=(0, 1))
    pictures = pictures.reshape(count, PIXELS)
    pictures *= random.uniform(0.4, 1.0, pictures.shape)
    pictures += random.uniform(0.0, 0.05, pictures.shape)
    threshold = np.partition(pictures, PIXELS - 158, axis=1)[:, PIXELS - 158, None]
    pictures = np.where(pictures > threshold, np.clip(pictures, 0, 1), 0)
    return pictures.astype(np.float32), labels.astype(np.int32)


def batches(stream, steps, size, examples):
    """Index table [steps, size]: shuffled passes over the examples, laid end to end."""
    random = generator(stream)
    needed = steps * size
    passes = [random.permutation(examples) for _ in range(-(-needed // examples))]
    return np.concatenate(passes)[:needed].reshape(steps, size).astype(np.int32)


def mlp(folder):
    writer = Writer(folder, "mlp", {"name": "log_decay", "count": 238_510})
    steps, batch, hidden = 100, 128, 300
    writer.scalars(steps=steps, batch=batch, learning_rate=0.1, momentum=0.9)
    writer.examples("train", *images(10, 5_000))
    writer.examples("validation", *images(11, 1_000))
    writer.array("batches", batches(12, steps, batch, 5_000))
    random = generator(13)
    writer.array("w1", random.normal(0, PIXELS**-0.5, (PIXELS, hidden)))
    writer.array("b1", np.zeros(hidden))
    writer.array("w2", random.normal(0, hidden**-0.5, (hidden, CLASSES)))
    writer.array("b2", np.zeros(CLASSES))
    writer.array("hyperparameters", np.full(238_510, -8.0))
    writer.close()


def cleaning(folder):
    writer = Writer(folder, "cleaning", {"name": "example_weight", "count": 5_000})
    writer.scalars(steps=200, learning_rate=0.5)
    inputs, labels = images(20, 5_000)
    random = generator(21)
    corrupted = random.random(5_000) < 0.5
    labels = np.where(corrupted, random.integers(0, CLASSES, 5_000), labels)
    writer.array("train_inputs", inputs)
    writer.array("train_labels", labels)
    writer.examples("validation", *images(22, 5_000))
    writer.array("w", np.zeros((PIXELS, CLASSES)))
    writer.array("b", np.zeros(CLASSES))
    writer.array("hyperparameters", np.full(5_000, 0.5))
    writer.close()


def cnn(folder):
    writer = Writer(folder, "cnn", {"name": "log_decay", "count": 3})
    steps, batch = 50, 64
    writer.scalars(steps=steps, batch=batch, learning_rate=0.05)
    writer.examples("train", *images(30, 5_000), shape=(-1, SIDE, SIDE, 1))
    writer.examples("validation", *images(31, 500), shape=(-1, SIDE, SIDE, 1))
    writer.array("batches", batches(32, steps, batch, 5_000))
    random = generator(33)
    writer.array("k1", random.normal(0, (2 / 9) ** 0.5, (3, 3, 1, 8)))
    writer.array("b1", np.zeros(8))
    writer.array("k2", random.normal(0, (2 / 72) ** 0.5, (3, 3, 8, 16)))
    writer.array("b2", np.zeros(16))
    writer.array("w3", random.normal(0, 784**-0.5, (7 * 7 * 16, CLASSES)))
    writer.array("b3", np.zeros(CLASSES))
    writer.array("hyperparameters", np.full(3, -6.0))
    writer.close()


def lstm(folder):
    writer = Writer(folder, "lstm", {"name": "log_rate_and_log_decay", "count": 54})
    steps, batch, units = 50, 64, 128
    writer.scalars(steps=steps, batch=batch, units=units)
    writer.examples("train", *images(40, 5_000), shape=(-1, SIDE, SIDE))
    writer.examples("validation", *images(41, 500), shape=(-1, SIDE, SIDE))
    writer.array("batches", batches(42, steps, batch, 5_000))
    random = generator(43)
    writer.array("input", random.normal(0, SIDE**-0.5, (SIDE, 4 * units)))
    writer.array("recurrent", random.normal(0, units**-0.5, (units, 4 * units)))
    writer.array("bias", np.repeat([0.0, 1.0, 0.0, 0.0], units))  # input, forget, candidate, output
    writer.array("w", random.normal(0, units**-0.5, (units, CLASSES)))
    writer.array("b", np.zeros(CLASSES))
    rates = np.full(steps, np.log(0.1))
    writer.array("hyperparameters", np.concatenate([rates, np.full(4, -7.0)]))
    writer.close()


def transformer(folder):
    writer = Writer(folder, "transformer", {"name": "log_decay", "count": 8})
    steps, batch, tokens, pixels, width = 50, 16, 64, 12, 128
    writer.scalars(steps=steps, batch=batch, learning_rate=0.1, heads=4)

    def sequences(stream, count):
        inputs, labels = images(stream, count)
        return inputs[:, :tokens * pixels].reshape(-1, tokens, pixels), labels

    writer.examples("train", *sequences(50, 5_000))
    writer.examples("validation", *sequences(51, 200))
    writer.array("batches", batches(52, steps, batch, 5_000))
    random = generator(53)
    for name, rows, columns in (
            ("embed", pixels, width), ("query", width, width), ("key", width, width),
            ("value", width, width), ("mix", width, width), ("expand", width, 2 * width),
            ("contract", 2 * width, width), ("w", width, CLASSES)):
        writer.array(name, random.normal(0, rows**-0.5, (rows, columns)))
    writer.array("place", random.normal(0, 0.1, (tokens, width)))
    writer.array("b", np.zeros(CLASSES))
    writer.array("hyperparameters", np.full(8, -7.0))
    writer.close()


def implicit(folder):
    """The network of `mlp` after 300 steps of gradient descent here, in float64."""
    writer = Writer(folder, "implicit", {"name": "log_decay", "count": 238_510})
    hidden, decay, rate = 300, -6.0, 0.2
    writer.scalars(steps=1, iterations=20, learning_rate=rate)
    inputs, labels = images(60, 2_000)
    writer.examples("train", inputs, labels)
    writer.examples("validation", *images(61, 1_000))
    random = generator(62)
    w1 = random.normal(0, PIXELS**-0.5, (PIXELS, hidden))
    w2 = random.normal(0, hidden**-0.5, (hidden, CLASSES))
    b1, b2 = np.zeros(hidden), np.zeros(CLASSES)
    inputs, targets = inputs.astype(np.float64), np.eye(CLASSES)[labels]
    for _ in range(300):
        h = np.tanh(inputs @ w1 + b1)
        shares = np.exp(h @ w2 + b2)
        error = (shares / shares.sum(1, keepdims=True) - targets) / len(targets)
        back = (error @ w2.T) * (1 - h**2)
        slopes = (inputs.T @ back, back.sum(0), h.T @ error, error.sum(0))
        w1, b1, w2, b2 = (v - rate * (g + np.exp(decay) * v)
                          for v, g in zip((w1, b1, w2, b2), slopes))
    for name, values in (("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2)):
        writer.array(name, values)
    # More decay than trained with, so that 20 steps converge in float32.
    writer.array("hyperparameters", np.full(238_510, -2.5))
    writer.close()


def toy(folder):
    writer = Writer(folder, "toy", {"name": "log_decay", "count": 2})
    writer.scalars(steps=100, learning_rate=0.1)
    writer.array("w", np.array([1.0, -2.0]))
    writer.array("c", np.array([1.5, -0.5]))
    writer.array("d", np.array([0.5, 1.0]))
    writer.array("hyperparameters", np.array([-1.0, 0.5]))
    writer.close()


PROBLEMS = {
    "mlp": mlp, "cleaning": cleaning, "cnn": cnn, "lstm": lstm, "transformer": transformer,
    "implicit": implicit, "toy": toy}


def current(folder):
    try:
        index = json.loads((folder / "index.json").read_text())
    except (OSError, ValueError):
        return False
    return (index.get("version"), index.get("seed")) == (VERSION, SEED)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / ".data")
    parser.add_argument("--force", action="store_true", help="write again what is already there")
    options = parser.parse_args()
    for problem, write in PROBLEMS.items():
        folder = options.out / problem
        if options.force or not current(folder):
            write(folder)
            print(f"Wrote {folder}.")


if __name__ == "__main__":
    main()
