"""Tasks for searches with one objective, made small: what samplers_quality.py compares and quality.py tests.

A task is a space, a function of a configuration, and the regret of its value: the distance to the optimum, or
of a table the share of the way from its best to its median configuration. Parameters are those of a
space file; `when` is (parent, values), and `if` says the same to us. A function is given only the parameters
that are active.

Families: `function` (standard ones, the optimum off the centre), `noisy` (the same; a search sees noise, its
regret is that of the noise-free value), `mixed` (integers, choices, log scales), `conditional` (branches with
parameters of their own), `tabular` (tabulated tuning of networks) and `bbob` (COCO's functions).
"""

import csv
import gzip
import json
import math
import os
import pathlib
import tempfile

# Those that samplers of seconds a suggestion are compared on.
CORE = {
    "hartmann6", "ackley5", "rosenbrock4", "levy10", "hartmann6-noisy", "mixed-network", "mixed-ackley",
    "conditional-booster", "conditional-optimizer", "hpolib/protein_structure", "hpobench/car"}


class Task:
    """`value(parameters)`; `regret(value)`; the standard deviation of the noise that a search sees; the seed
    chooses among `instances` where there are several."""

    def __init__(self, name, family, parameters, value, regret, noise=0.0, maximize=False, trials=None):
        self.name, self.family, self.parameters, self.value, self.regret = name, family, parameters, value, regret
        self.noise, self.maximize, self.trials = noise, maximize, trials

    def instance(self, seed):
        return self

    def active(self, params):
        """What is active in an assignment that may name more; parents stand before their children."""
        kept = {}
        for p in self.parameters:
            when = p.get("when")
            if when is None or kept.get(when[0]) in when[1]:
                kept[p["name"]] = params[p["name"]]
        return kept


def number(name, low, high, log=False, when=None):
    return conditional({"name": name, "type": "float", "low": low, "high": high, "log": log}, when)


def whole(name, low, high, log=False, when=None):
    return conditional({"name": name, "type": "int", "low": low, "high": high, "log": log}, when)


def choice(name, choices, when=None):
    return conditional({"name": name, "type": "categorical", "choices": choices}, when)


def conditional(parameter, when):
    if when is None:
        return parameter
    return parameter | {"when": when, "if": f"{when[0]} in [{', '.join(when[1])}]"}


# MARK: Standard functions

def branin(p):
    x, y = p["x"], p["y"]
    bend = y - 5.1 / (4 * math.pi ** 2) * x * x + 5 / math.pi * x - 6
    return bend ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


A3 = [[3, 10, 30], [.1, 10, 35]] * 2
P3 = [[.3689, .1170, .2673], [.4699, .4387, .7470], [.1091, .8732, .5547], [.0381, .5743, .8828]]
A6 = [[10, 3, 17, 3.5, 1.7, 8], [.05, 10, 17, .1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, .05, 10, .1, 14]]
P6 = [[.1312, .1696, .5569, .0124, .8283, .5886], [.2329, .4135, .8307, .3736, .1004, .9991],
      [.2348, .1451, .3522, .2883, .3047, .6650], [.4047, .8828, .8732, .5743, .1091, .0381]]


def hartmann(p):
    x = [p[f"x{j}"] for j in range(len(p))]
    a, places = (A6, P6) if len(x) == 6 else (A3, P3)
    return -sum(c * math.exp(-sum(w * (v - q) ** 2 for w, v, q in zip(row, x, place)))
                for c, row, place in zip((1, 1.2, 3, 3.2), a, places))


def ackley_at(x):
    n = len(x)
    return (-20 * math.exp(-.2 * math.sqrt(sum(v * v for v in x) / n))
            - math.exp(sum(math.cos(2 * math.pi * v) for v in x) / n) + 20 + math.e)


def ackley(p):
    return ackley_at(list(p.values()))


def levy_at(x):
    w = [1 + v / 4 for v in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def rosenbrock_at(x):
    x = [v + 1 for v in x]
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def rastrigin_at(x):
    return sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in x)


def griewank_at(x):
    return (sum(v * v for v in x) / 4000
            - math.prod(math.cos(v / math.sqrt(j + 1)) for j, v in enumerate(x)) + 1)


def shifted(name, at, dimensions, low, high):
    """`at`, whose minimum 0 is at the origin, moved to a place between .2 and .8 of every range."""
    places = [low + (high - low) * (.2 + .6 * math.fmod((j + 1) * .6180339887, 1)) for j in range(dimensions)]
    return Task(
        name, "function", [number(f"x{j}", low, high) for j in range(dimensions)],
        lambda p: at([p[f"x{j}"] - places[j] for j in range(dimensions)]), lambda v: v)


def unit(count):
    return [number(f"x{j}", 0, 1) for j in range(count)]


FUNCTIONS = [
    Task("branin", "function", [number("x", -5, 10), number("y", 0, 15)], branin, lambda v: v - 0.397887),
    Task("hartmann3", "function", unit(3), hartmann, lambda v: v + 3.86278),
    Task("hartmann6", "function", unit(6), hartmann, lambda v: v + 3.32237),
    shifted("rosenbrock4", rosenbrock_at, 4, -5, 10),
    shifted("ackley5", ackley_at, 5, -32.768, 32.768),
    shifted("rastrigin5", rastrigin_at, 5, -5.12, 5.12),
    shifted("griewank6", griewank_at, 6, -60, 60),
    shifted("rosenbrock8", rosenbrock_at, 8, -5, 10),
    shifted("levy10", levy_at, 10, -10, 10),
    shifted("ackley20", ackley_at, 20, -32.768, 32.768),
]


def noisy(name, deviation):
    quiet = next(task for task in FUNCTIONS if task.name == name)
    return Task(f"{name}-noisy", "noisy", quiet.parameters, quiet.value, quiet.regret, deviation)


NOISY = [noisy("branin", 5.0), noisy("hartmann6", .2), noisy("levy10", 5.0)]


# MARK: Mixed spaces

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


# MARK: Conditional spaces

def optimizer(p):
    """Three optimizers with rates of their own, beside two parameters that all share."""
    width = .15 * (math.log2(p["width"]) - 7) ** 2 + 1.5 * (p["dropout"] - .2) ** 2
    wide = .1 * (math.log2(p["width"]) - 7)
    if p["optimizer"] == "sgd":
        rate = math.log10(p["sgd_rate"]) + .8 + wide + 2 * (p["momentum"] - .9)
        return width + .4 * rate * rate + 2 * (p["momentum"] - .9) ** 2
    if p["optimizer"] == "adam":
        rate = math.log10(p["adam_rate"]) + 3 + wide
        return .03 + width + .2 * rate * rate + .02 * (math.log10(p["epsilon"]) + 6) ** 2
    rate = math.log10(p["rms_rate"]) + 3.3 + wide
    return .1 + width + .3 * rate * rate + (p["smoothing"] - .95) ** 2 * 5


def booster(p):
    """A linear model, a forest or a boosted tree, whose policy has a parameter of its own."""
    if p["model"] == "linear":
        return .45 + .05 * (math.log10(p["l1"]) + 2) ** 2 + .03 * (math.log10(p["l2"]) + 1) ** 2
    if p["model"] == "forest":
        return (.15 + .4 / math.sqrt(p["trees"]) + .01 * (p["forest_depth"] - 14) ** 2 / 4
                + .5 * (p["features"] - .4) ** 2)
    rounds = math.log10(p["rounds"]) + math.log10(p["eta"]) - 1
    loss = .04 + .25 * rounds * rounds + .012 * (p["tree_depth"] - 6) ** 2 + .02 * (math.log10(p["eta"]) + 1.6) ** 2
    if p["policy"] == "exact":
        return loss + .03
    return loss + .01 * (math.log2(p["bins"]) - 7) ** 2


def layers(p):
    """One to four layers with widths of their own; the best has three, narrowing."""
    count = int(p["layers"])
    wanted = [7, 6, 5, 4]
    loss = sum(.1 * (math.log2(p[f"width{j}"]) - wanted[j]) ** 2 for j in range(count))
    return loss + {1: .6, 2: .2, 3: 0, 4: .1}[count] + .3 * (math.log10(p["rate"]) + 2 + .3 * count) ** 2


def branches(p):
    """Six branches of two parameters: basins of different depth, width and place; a wide one is not the deepest."""
    k = "abcdef".index(p["branch"])
    x, y = p[f"{p['branch']}0"], p[f"{p['branch']}1"]
    steep = (2, 6, 3, 12, 5, 9)[k]
    away = (x - (.3, .7, .2, .8, .5, .1)[k]) ** 2 + (y - (.6, .2, .9, .4, .3, .7)[k]) ** 2
    ripple = .05 * (2 - math.cos(8 * math.pi * (x - (.3, .7, .2, .8, .5, .1)[k]))
                    - math.cos(8 * math.pi * (y - (.6, .2, .9, .4, .3, .7)[k])))
    return (.15, .1, .3, 0, .2, .05)[k] + 1 - math.exp(-steep * away) + ripple


CONDITIONAL = [
    Task("conditional-optimizer", "conditional", [
        choice("optimizer", ["sgd", "adam", "rms"]), whole("width", 8, 1024, True), number("dropout", 0, .8),
        number("sgd_rate", 1e-4, 10, True, ("optimizer", ["sgd"])), number("momentum", 0, .99, False, ("optimizer", ["sgd"])),
        number("adam_rate", 1e-6, 1, True, ("optimizer", ["adam"])),
        number("epsilon", 1e-10, 1e-2, True, ("optimizer", ["adam"])),
        number("rms_rate", 1e-6, 1, True, ("optimizer", ["rms"])),
        number("smoothing", .5, .999, False, ("optimizer", ["rms"]))], optimizer, lambda v: v),
    Task("conditional-booster", "conditional", [
        choice("model", ["linear", "forest", "boosted"]),
        number("l1", 1e-6, 1e2, True, ("model", ["linear"])), number("l2", 1e-6, 1e2, True, ("model", ["linear"])),
        whole("trees", 10, 1000, True, ("model", ["forest"])), whole("forest_depth", 2, 30, False, ("model", ["forest"])),
        number("features", .05, 1, False, ("model", ["forest"])),
        whole("rounds", 10, 2000, True, ("model", ["boosted"])), number("eta", 1e-3, 1, True, ("model", ["boosted"])),
        whole("tree_depth", 2, 14, False, ("model", ["boosted"])),
        choice("policy", ["exact", "histogram"], ("model", ["boosted"])),
        whole("bins", 8, 1024, True, ("policy", ["histogram"]))], booster, lambda v: v - .04),
    Task("conditional-layers", "conditional", [
        choice("layers", ["one", "two", "three", "four"]), number("rate", 1e-5, 1, True)] + [
            whole(f"width{j}", 4, 1024, True, None if j == 0 else ("layers", ["one", "two", "three", "four"][j:]))
            for j in range(4)],
         lambda p: layers(p | {"layers": 1 + ["one", "two", "three", "four"].index(p["layers"])}), lambda v: v),
    Task("conditional-branches", "conditional", [choice("branch", list("abcdef"))] + [
        number(f"{b}{j}", 0, 1, False, ("branch", [b])) for b in "abcdef" for j in range(2)], branches, lambda v: v),
]


# MARK: Tables

def tabular(folder):
    """The tasks of every family under `folder`; ordinals are integers 0...k-1 for all sides."""
    tasks = []
    for meta in sorted(pathlib.Path(folder).glob("*/meta.json")):
        about = json.loads(meta.read_text())
        parameters = [
            p if p["type"] == "categorical"
            else {"name": p["name"], "type": "int", "low": 0, "high": len(p["choices"]) - 1}
            for p in about["parameters"]]
        places = [{(c if isinstance(c, str) else float(c)): i for i, c in enumerate(p["choices"])}
                  for p in about["parameters"]]
        for entry in about["tasks"]:
            best, median = entry["best_seed_mean"], entry["median_seed_mean"]
            tasks.append(Task(
                f"{about['family']}/{entry['name']}", "tabular", parameters,
                Table(meta.parent / entry["file"], parameters, places),
                lambda v, best=best, median=median: (v - best) / (median - best),
                maximize=about["direction"] == "maximize"))
    return tasks


class Table:
    """The mean over the seeds of a tabulated configuration; read when first asked."""

    def __init__(self, path, parameters, places):
        self.path, self.parameters, self.places, self.values = path, parameters, places, None

    def read(self):
        width = len(self.parameters)
        values = {}
        with gzip.open(self.path, "rt") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                key = tuple(
                    self.places[j][row[j] if self.parameters[j]["type"] == "categorical" else float(row[j])]
                    for j in range(width))
                seen = [float(v) for v in row[width:] if v]
                values[key] = sum(seen) / len(seen)
        return values

    def __call__(self, params):
        if self.values is None:
            self.values = self.read()
        return self.values[tuple(
            place[params[q["name"]]] if q["type"] == "categorical" else params[q["name"]]
            for q, place in zip(self.parameters, self.places))]


# MARK: BBOB

class BBOB(Task):
    """A function of COCO's noiseless suite; the seed chooses the instance, the budget is carps' n_trials."""

    def __init__(self, function, dimensions):
        super().__init__(
            f"bbob/f{function:02d}-{dimensions}d", "bbob", [number(f"x{j}", -5, 5) for j in range(dimensions)],
            None, None, trials=math.ceil(20 + 40 * math.sqrt(dimensions)))
        self.function, self.dimensions = function, dimensions

    def instance(self, seed):
        import cocoex
        suite = cocoex.Suite("bbob", "", "")
        problem = suite.get_problem_by_function_dimension_instance(self.function, self.dimensions, 1 + seed % 15)
        least = least_value(problem)
        task = Task(
            self.name, self.family, self.parameters,
            lambda p: problem([p[f"x{j}"] for j in range(self.dimensions)]), lambda v: max(v - least, 0.0),
            trials=self.trials)
        task.suite = suite
        return task


def least_value(problem):
    """COCO tells where its minimum is only by a file in the working folder."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            problem._best_parameter("print")
            place = [float(v) for v in pathlib.Path("._bbob_problem_best_parameter.txt").read_text().split()]
        finally:
            os.chdir(here)
    return problem(place)


def bbob():
    return [BBOB(function, dimensions) for dimensions in (2, 5) for function in range(1, 25)]


def everything(data):
    tables = tabular(data) if pathlib.Path(data).is_dir() else []
    return FUNCTIONS + NOISY + MIXED + CONDITIONAL + tables + bbob()


def chosen(tasks, wanted):
    """Tasks by name, by family, or `core`."""
    if wanted is None:
        return tasks
    names = wanted.split(",")
    unknown = [n for n in names if n != "core" and not any(n in (t.name, t.family) for t in tasks)]
    if unknown:
        raise SystemExit(f"no task or family {', '.join(unknown)}; there are: {' '.join(t.name for t in tasks)}")
    return [t for t in tasks if t.name in names or t.family in names or ("core" in names and t.name in CORE)]
