"""Writes reference values of the standard normal distribution, by mpmath with 400 digits, as the
Swift table of ../Special/StandardNormalReference.swift:

    pip install mpmath; python3 standard_normal.py > ../Special/StandardNormalReference.swift
"""
from mpmath import mp, mpf, erfc, log, sqrt

mp.dps = 400


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def mass(a, b):
    a, b = mpf(a), mpf(b)
    if a > 0:
        a, b = -b, -a
    return cdf(b) - cdf(a)


def bisect(y, low, high):
    for _ in range(300):
        middle = (low + high) / 2
        low, high = (middle, high) if log(cdf(middle)) < y else (low, middle)
    return (low + high) / 2


def quantile(log_probability):
    return bisect(mpf(log_probability), mpf(-2000), mpf(60))


def truncated(q, a, b):
    q, a, b = mpf(q), mpf(a), mpf(b)
    if a >= 0:
        return -truncated(1 - q, -b, -a)
    return bisect(log(cdf(a) + q * (cdf(b) - cdf(a))), a, b)


def table(name, type, rows):
    print(f"  static let {name}: [{type}] = [")
    for row in rows:
        print("    (" + ", ".join(mp.nstr(mpf(x) if abs(x) > 1e-300 else mpf(0), 17) for x in row) + "),")
    print("  ]")


xs = [-1e6, -1234.5, -100, -45.5, -38.25, -30.5, -20.5, -20, -19.75, -12, -6, -1.5, -0.1, 0, 0.3,
      1, 3, 6.5, 9, 20]
intervals = [(-32, -31), (-45, -30), (30.5, 31), (35, 60), (31, 31.25), (-100.5, -100), (40, 400),
             (-3, -1), (-1, 2), (0.25, 0.75), (-40, 40), (-9, 0), (0, 9), (-1e-9, 1e-9),
             (0.5, 0.50000001), (3, 3.001), (-31, -30.9999), (30, 30.001953125), (-0.015, 0.004),
             (12, 12.015625), (-60, 1)]
ys = [-5e5, -2000, -500, -100, -12, -5.01, -4.99, -2, -0.6931471805599453, -0.3, -0.0101, -0.0099,
      -1e-6, -1e-12, -1e-100]
quantiles = [(0.25, -1, 2), (0.75, 31, 33), (0.5, -35, -31), (1e-12, -31, 4), (0.999, 30.5, 31),
             (0.5, -400, 400), (0.125, 40, 41), (0.9375, -50, -49), (0.5, 0, 1), (0.875, -1, 0)]
print("// Made by ../Reference/standard_normal.py; do not edit.")
print("enum StandardNormalReference {")
table("logCDF", "(x: Double, value: Double)", [(x, log(cdf(mpf(x)))) for x in xs])
table("logMass", "(a: Double, b: Double, value: Double)",
      [(a, b, log(mass(a, b))) for a, b in intervals])
table("quantile", "(logProbability: Double, value: Double)", [(y, quantile(y)) for y in ys])
table("truncatedQuantile", "(q: Double, a: Double, b: Double, value: Double)",
      [(q, a, b, truncated(q, a, b)) for q, a, b in quantiles])
print("}")
