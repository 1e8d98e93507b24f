"""Standard functions, their optimum off the centre, and three of them in noise."""

import math

from tasks.task import Task, number


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
