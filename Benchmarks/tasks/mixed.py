"""Spaces of numbers, integers and choices, all of them active."""

import math

from tasks.functions import ackley_at, unit
from tasks.task import Task, choice, number, whole


def mixed(p):
    """A log scale, an integer, a choice that decides what is best for the others."""
    shift = {"a": 0.0, "b": 1.0, "c": 2.0}[p["kind"]]
    return ((math.log10(p["rate"]) + 3 + 0.5 * shift) ** 2 + 0.1 * (p["count"] - 12 - 4 * shift) ** 2 / 16
            + 0.5 * shift + (p["share"] - 0.3) ** 2)


def network(p):
    """Like the validation loss of a network: a narrow valley in rate and batch size, a penalty for capacity
    without regularisation, activations that shift the best rate."""
    cost, shift = {"relu": (.05, 0), "tanh": (.2, .5), "gelu": (0, -.3)}[p["activation"]]
    rate = math.log10(p["rate"]) + 2.5 - .5 * math.log2(p["batch"] / 64) * .6 - shift
    capacity = math.log2(p["units"]) / 8 + p["layers"] / 4
    fit = (capacity - 1.5) ** 2
    decay = .15 * (math.log10(p["decay"]) + 4 - (capacity - 1.5)) ** 2
    drop = 2 * (p["dropout"] - .25) ** 2
    order = {"adam": 0, "sgd": .1 + .1 * abs(rate), "lion": .05}[p["optimizer"]]
    return 1 - math.exp(-.5 * rate * rate - fit - decay - drop) + cost + order


def mixed_ackley(p):
    x = [p[f"x{j}"] - .37 for j in range(3)] + [(p[f"n{j}"] - 3 - j) / 5 for j in range(3)]
    x += [0.0 if p[f"c{j}"] == "abc"[j % 3] else 1.0 for j in range(4)]
    return ackley_at(x)


def pairs(p):
    """Six choices of five; neighbours work together, two numbers depend on the first two choices."""
    c = ["vwxyz".index(p[f"c{j}"]) for j in range(6)]
    alone = sum(.2 * ((v + 2 * j) % 5) for j, v in enumerate(c))
    joint = sum(.5 for j in range(5) if (c[j] + c[j + 1]) % 5 != (1 + 3 * j) % 5)
    return alone + joint + (p["x0"] - .1 - .2 * c[0]) ** 2 + (p["x1"] - .9 + .2 * c[1]) ** 2


def least_of_pairs():
    """The minimum over all choices, where the numbers are at their best."""
    names = [f"c{j}" for j in range(6)]
    least = math.inf
    for code in range(5 ** 6):
        c = [code // 5 ** j % 5 for j in range(6)]
        p = {name: "vwxyz"[v] for name, v in zip(names, c)}
        least = min(least, pairs(p | {"x0": .1 + .2 * c[0], "x1": .9 - .2 * c[1]}))
    return least


LEAST_OF_PAIRS = least_of_pairs()
# The best corner of units, layers: 8 units and 4.5 layers do not exist, so capacity 1.5 is reached exactly by
# 16 units and 4 layers, 256 units and 2 layers.
MIXED = [
    Task("mixed", "mixed", [number("rate", 1e-6, 1, True), whole("count", 1, 40), number("share", 0, 1),
                            choice("kind", ["a", "b", "c"])], mixed, lambda v: v),
    Task("mixed-network", "mixed", [
        number("rate", 1e-5, 1, True), whole("batch", 8, 512, True), whole("units", 8, 1024, True),
        whole("layers", 1, 6), number("decay", 1e-7, 1e-1, True), number("dropout", 0, .8),
        choice("activation", ["relu", "tanh", "gelu"]), choice("optimizer", ["sgd", "adam", "lion"])],
         network, lambda v: v),
    Task("mixed-ackley", "mixed", [number(f"x{j}", -2, 2) for j in range(3)]
         + [whole(f"n{j}", -10, 10) for j in range(3)] + [choice(f"c{j}", ["a", "b", "c"]) for j in range(4)],
         mixed_ackley, lambda v: v),
    Task("mixed-pairs", "mixed", [choice(f"c{j}", list("vwxyz")) for j in range(6)] + unit(2),
         pairs, lambda v: v - LEAST_OF_PAIRS),
]
