"""Writes reference values of erfcx and of the expected excess of a standard normal variable, by mpmath
with 400 digits, as the Swift table of ../Special/NormalImprovementReference.swift:

    pip install mpmath; python3 normal_improvement.py > ../Special/NormalImprovementReference.swift
"""
from mpmath import mp, mpf, erfc, exp, log, pi, sqrt

mp.dps = 400


def density(u):
    return exp(-u * u / 2) / sqrt(2 * pi)


def cdf(u):
    return erfc(-u / sqrt(mpf(2))) / 2


def improvement(u):
    u = mpf(u)
    if u < -1000:
        # 400 digits do not hold the difference: t^2 (1 - t M(t)) by its series, to 60 digits.
        t = -u
        term, total, odd = mpf(1), mpf(1), 3
        while abs(term) > mpf(10) ** -60:
            term *= -odd / (t * t)
            odd += 2
            total += term
        rest = total / (t * t)
        return (-t * t / 2 - log(sqrt(2 * pi)) + log(rest), (1 - rest) / t / rest, 1 / rest)
    h = density(u) + u * cdf(u)
    return log(h), cdf(u) / h, density(u) / h


def table(name, type, rows):
    print(f"  static let {name}: [{type}] = [")
    for row in rows:
        print("    (" + ", ".join(mp.nstr(mpf(x), 17) for x in row) + "),")
    print("  ]")


us = [3, 1, 0, -1, -5, 8.5, 20, 0.5, -0.25, -0.999, -1.001, -2, -3.5, -8, -12.5, -14.142135623730951,
      -20, -24.999, -25.001, -30, -37.5, -50, -100, -999.5, -1234.5, -1e4, -98765.4, -1e5, -1e6, -3e7]
xs = [-5, -1, -0.1, 0, 0.3, 0.7071067811865476, 1, 2.5, 5, 7.75, 9.999, 10.001, 15, 26, 27, 40, 123.5, 1e4, 1e8,
      1e150]
print("// Made by ../Reference/normal_improvement.py; do not edit.")
print("enum NormalImprovementReference {")


def scaled(x):
    x = mpf(x)
    if x < 1e4:
        return exp(x * x) * erfc(x)
    return (1 - 1 / (2 * x * x) + 3 / (4 * x ** 4)) / (x * sqrt(pi))


table("scaledErfc", "(x: Double, value: Double)", [(x, scaled(x)) for x in xs])
table("improvement", "(u: Double, log: Double, cdfRatio: Double, densityRatio: Double)",
      [(u, *improvement(u)) for u in us])
print("}")
