"""Minimax polynomials of math_float.h and math_double.h: python3 polynomials.py (needs mpmath).

Each row fits sum c_k t^k to g(t) on [lo, hi] so that the largest |w(t) (p(t) - g(t))| is least
(Remez exchange in 60 digits), then prints the coefficients, lowest order first, rounded to the
kernel's precision, and the weighted error after rounding. Weights make the error relative to the
function the polynomial is part of.
"""
import struct

from mpmath import (atanh, cos, erf, erfc, expm1, linspace, log, lu_solve, matrix, mp, mpf, pi,
                    sin, sqrt)

mp.dps = 60


def remez(g, w, lo, hi, degree, rounds=12):
    lo, hi = mpf(lo), mpf(hi)
    n = degree + 2
    points = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    grid = [lo + (hi - lo) * (1 - cos(pi * (2 * i + 1) / 1602)) / 2 for i in range(801)]
    values = [(t, g(t), w(t)) for t in grid]
    for _ in range(rounds):
        a, b = matrix(n, n), matrix(n, 1)
        for i, t in enumerate(points):
            for k in range(degree + 1):
                a[i, k] = t**k
            a[i, degree + 1] = (-1) ** i / w(t)
            b[i] = g(t)
        solved = lu_solve(a, b)
        c = [solved[k] for k in range(degree + 1)]
        errors = [wt * (horner(c, t) - gt) for t, gt, wt in values]
        best, sign = [], 0
        for (t, _, _), e in zip(values, errors):  # one extremum per run of equal sign
            s = 1 if e > 0 else -1
            if s != sign:
                best.append((t, e))
                sign = s
            elif abs(e) > abs(best[-1][1]):
                best[-1] = (t, e)
        while len(best) > n:  # drop the smaller end
            best.pop(0 if abs(best[0][1]) < abs(best[-1][1]) else -1)
        if len(best) < n:
            break
        points = [t for t, _ in best]
    return c


def horner(c, t):
    r = mpf(0)
    for k in reversed(c):
        r = r * t + k
    return r


def single(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def show(name, g, w, lo, hi, degree, is_float):
    c = remez(g, w, lo, hi, degree)
    rounded = [mpf(single(k)) if is_float else mpf(float(k)) for k in c]
    worst = max(abs(w(t) * (horner(rounded, t) - g(t)))
                for t in linspace(mpf(lo), mpf(hi), 1000))
    print(f"// {name}, degree {degree}, error {float(worst):.1e}")
    for k in rounded:
        print("  ", float(k).hex() + ("f" if is_float else ""), " //", f"{float(k):.17g}")


half = mpf("0.34658")  # ln 2 / 2 and a little
tiny = mpf(10) ** -30
# exp(r) = 1 + r + r^2 q(r); relative to expm1(r), which is harder.
q = lambda r: (expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -15 else mpf(1) / 2 + r / 6
relative = lambda r: (abs(r**2 / expm1(r)) if abs(r) > tiny else 0) + mpf(10) ** -9
show("exp", q, relative, -half, half, 4, True)
show("exp", q, relative, -half, half, 9, False)
# 2 atanh(s) = 2 s + s z p(z), z = s^2, s = f / (2 + f): 1 + f in [sqrt(1/2), sqrt(2)] for log,
# in [1, 2] for softplus.
p = lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z if z > tiny else mpf(2) / 3
near, far = mpf("0.0295"), mpf(1) / 9 + mpf("0.0001")
for name, top, d, f in (("log", near, 2, True), ("log", near, 6, False),
                        ("softplus", far, 4, True), ("softplus", far, 10, False)):
    show(name, p, lambda z: z / 2, tiny, top, d, f)
# sin r = r + r z s(z); cos r = 1 - z / 2 + z^2 c(z), z = r^2.
top = (pi / 4 * mpf("1.0001")) ** 2
s = lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z if z > mpf(10) ** -20 else -mpf(1) / 6
c = lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2 if z > mpf(10) ** -12 else mpf(1) / 24 - z / 720
for d, f in ((2, True), (5, False)):
    show("sin", s, lambda z: z, tiny, top, d, f)
    show("cos", c, lambda z: z**2 / cos(sqrt(z)), tiny, top, d, f)
# erf x = x + x p(x^2) below 1; 1 - exp(-x q(x)) above.
e = lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > tiny else 2 / sqrt(pi) - 1
show("erf small", e, lambda z: 1, tiny, 1, 6, True)
show("erf small", e, lambda z: 1, tiny, 1, 12, False)
u = lambda x: -log(erfc(x)) / x
show("erf large", u, lambda x: x * erfc(x), mpf("0.999"), 4, 6, True)
show("erf large", u, lambda x: x * erfc(x), mpf("0.999"), 6, 18, False)
