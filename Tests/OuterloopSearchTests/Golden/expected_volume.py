"""Records expected lengths and expected hypervolume improvements under independent normal values, by
inclusion and exclusion over all subsets of the front, in 600 digits:

    pip install mpmath
    python3 expected_volume.py > expected_volume.json

    EHVI = sum over subsets S of (-1)^|S| prod_j (psi_j(r_j) - psi_j(max of S in j)),
    psi_j(a) = E max(a - y_j, 0),   0 for the maximum of the empty set

Derivatives by means and deviations are differences in those digits.
"""
import itertools
import json
import random

from mpmath import mp, mpf, erfc, exp, log, pi, sqrt

mp.dps = 600


def psi(a, mean, deviation):
    u = (mpf(a) - mpf(mean)) / mpf(deviation)
    return mpf(deviation) * (exp(-u * u / 2) / sqrt(2 * pi) + u * erfc(-u / sqrt(2)) / 2)


def length(low, high, mean, deviation):
    return psi(high, mean, deviation) - psi(low, mean, deviation)


def volume(front, reference, means, deviations):
    total = mpf(0)
    for size in range(len(front) + 1):
        for chosen in itertools.combinations(front, size):
            product = mpf(1)
            for j, r in enumerate(reference):
                product *= (
                    length(max(p[j] for p in chosen), r, means[j], deviations[j])
                    if chosen
                    else psi(r, means[j], deviations[j])
                )
            total += (-1) ** size * product
    return total


def slopes(function, arguments):
    step = mpf(10) ** -200
    result = []
    for place in range(len(arguments)):
        up = [mpf(x) + (step if i == place else 0) for i, x in enumerate(arguments)]
        down = [mpf(x) - (step if i == place else 0) for i, x in enumerate(arguments)]
        result.append(float((log(function(up)) - log(function(down))) / (2 * step)))
    return result


lengths = []
for low, high in [
    (-1, 1), (0, 0.5), (2, 2.001), (-3, -2.9), (-8, -7.5), (-30, -29), (-30, -29.9999), (-5, 40), (4, 9),
    (-40, 3), (-1, -0.9999), (-1e3, -999.9), (0.3, 0.30000001), (-200, -199.99999), (30, 31), (-26, -24),
]:
    by = lambda a: length(low, high, a[0], a[1])
    lengths.append({
        "low": low, "high": high, "log": float(log(by([mpf(0), mpf(1)]))),
        "slopes": slopes(by, [0, 1]),
    })

random.seed(1)
volumes = []
for objectives in (2, 3):
    for size in (0, 1, 2, 4, 6):
        for scale, shift in ((1, 0), (0.3, 1.5), (0.05, 1), (0.02, -0.7), (3, 0)):
            front = [[round(random.uniform(-1, 1), 3) for _ in range(objectives)] for _ in range(size)]
            front = [p for p in front if not any(all(a <= b for a, b in zip(q, p)) and q != p for q in front)]
            reference = [1.1] * objectives
            means = [round(random.uniform(-1, 1), 3) + shift for _ in range(objectives)]
            deviations = [round(scale * random.uniform(0.5, 2), 4) for _ in range(objectives)]
            by = lambda a: volume(front, reference, a[:objectives], a[objectives:])
            volumes.append({
                "front": front, "reference": reference, "means": means, "deviations": deviations,
                "log": float(log(by([mpf(x) for x in means + deviations]))),
                "slopes": slopes(by, means + deviations),
            })

json.dump({"lengths": lengths, "volumes": volumes}, __import__("sys").stdout, indent=1)
print()
