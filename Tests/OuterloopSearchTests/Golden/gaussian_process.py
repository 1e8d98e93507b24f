"""Records what Gaussian processes with sums of Matern-5/2 kernels are, by plain formulas in 40 digits:

    pip install mpmath scipy
    python3 gaussian_process.py > gaussian_process.json

Evidence and its gradient by the logarithms of the parameters, means and variances at points that were not
seen with their gradients, and what each output is predicted to be by the others; derivatives are
differences in 40 digits. And the transform of Yeo and Johnson, by SciPy.
"""
import json
import random

from mpmath import matrix, mp, mpf, exp, log, sqrt, pi, lu_solve, det, diff
from scipy import stats

mp.dps = 40


def matern(square):
    a = sqrt(5 * square)
    return (1 + a + a * a / 3) * exp(-a)


def kernel(x, y, lengthscales, scales, groups):
    total = mpf(0)
    for g, owners in enumerate(groups):
        if x[g] is None or y[g] is None:
            continue
        square = sum(((mpf(a) - mpf(b)) / lengthscales[g][j]) ** 2 for a, b, j in zip(x[g], y[g], owners))
        total += scales[g] * matern(square)
    return total


def unpack(theta, groups):
    lengthscales, place = [], 0
    for owners in groups:
        count = max(owners) + 1
        lengthscales.append([exp(t) for t in theta[place:place + count]])
        place += count
    scales = [mpf(1)]
    if len(groups) > 1:
        scales = [exp(t) for t in theta[place:place + len(groups)]]
        place += len(groups)
    return lengthscales, scales, exp(theta[place])


def covariance(points, theta, groups):
    lengthscales, scales, noise = unpack(theta, groups)
    n = len(points)
    return matrix(n, n) + matrix([[kernel(points[i], points[j], lengthscales, scales, groups)
                                   + (noise if i == j else 0) for j in range(n)] for i in range(n)])


def mean_of(K, y):
    n = K.rows
    ones = matrix([1] * n)
    return (ones.T * lu_solve(K, y))[0] / (ones.T * lu_solve(K, ones))[0]


def evidence(points, outputs, theta, groups):
    K = covariance(points, theta, groups)
    y = matrix(outputs)
    m = mean_of(K, y)
    r = y - m * matrix([1] * K.rows)
    return -(r.T * lu_solve(K, r))[0] / 2 - log(det(K)) / 2 - mpf(K.rows) / 2 * log(2 * pi)


def predict(points, outputs, theta, groups, query):
    lengthscales, scales, _ = unpack(theta, groups)
    K = covariance(points, theta, groups)
    y = matrix(outputs)
    m = mean_of(K, y)
    k = matrix([kernel(p, query, lengthscales, scales, groups) for p in points])
    r = y - m * matrix([1] * K.rows)
    return (m + (k.T * lu_solve(K, r))[0],
            kernel(query, query, lengthscales, scales, groups) - (k.T * lu_solve(K, k))[0])


def left_out(points, outputs, theta, groups, i):
    """With the mean of all."""
    _, _, noise = unpack(theta, groups)
    K = covariance(points, theta, groups)
    m = mean_of(K, matrix(outputs))
    rest = [j for j in range(len(points)) if j != i]
    L = covariance([points[j] for j in rest], theta, groups)
    lengthscales, scales, _ = unpack(theta, groups)
    k = matrix([kernel(points[j], points[i], lengthscales, scales, groups) for j in rest])
    r = matrix([mpf(outputs[j]) - m for j in rest])
    own = kernel(points[i], points[i], lengthscales, scales, groups) + noise
    return m + (k.T * lu_solve(L, r))[0], own - (k.T * lu_solve(L, k))[0]


def moved(query, g, c, step):
    return [[v + (step if (a, b) == (g, c) else 0) for b, v in enumerate(map(mpf, part))] if part else part
            for a, part in enumerate(query)]


def case(name, groups, conditional, points, queries, outputs, theta):
    step = mpf(10) ** -12
    theta = [mpf(t) for t in theta]

    def bent(place):
        def f(t):
            return evidence(points, outputs, theta[:place] + [t] + theta[place + 1:], groups)
        return (f(theta[place] + step) - f(theta[place] - step)) / (2 * step)

    record = {"name": name, "groups": groups, "conditional": conditional, "points": points, "queries": queries,
              "outputs": outputs, "theta": [float(t) for t in theta],
              "evidence": float(evidence(points, outputs, theta, groups)),
              "evidenceGradient": [float(bent(p)) for p in range(len(theta))],
              "predictions": [], "leftOut": []}
    for query in queries:
        mean, variance = predict(points, outputs, theta, groups, query)
        gradients = []
        for g, part in enumerate(query):
            for c in range(len(part or [])):
                up = predict(points, outputs, theta, groups, moved(query, g, c, step))
                down = predict(points, outputs, theta, groups, moved(query, g, c, -step))
                gradients.append([float((u - d) / (2 * step)) for u, d in zip(up, down)])
        record["predictions"].append({"mean": float(mean), "variance": float(variance), "gradients": gradients})
    record["leftOut"] = [[float(v) for v in left_out(points, outputs, theta, groups, i)]
                         for i in range(len(points))]
    return record


def main():
    random.seed(7)

    def coordinates(count):
        return [round(random.uniform(-.5, .5), 6) for _ in range(count)]

    def choice(count):
        place = random.randrange(count)
        return [.7071067811865476 if i == place else 0.0 for i in range(count)]

    cases = []
    points = [[coordinates(3)] for _ in range(12)]
    points.append(points[4])  # twice the same
    queries = [[coordinates(3)] for _ in range(4)] + [points[0]]
    outputs = [round(random.gauss(0, 1), 6) for _ in points]
    cases.append(case("floats", [[0, 1, 2]], [False], points, queries, outputs,
                      [-.7, .3, 1.1, -3.2]))
    points = [[coordinates(1) + choice(3) + coordinates(1)] for _ in range(10)]
    queries = [[coordinates(1) + choice(3) + coordinates(1)] for _ in range(4)]
    outputs = [round(random.gauss(0, 1), 6) for _ in points]
    cases.append(case("choices", [[0, 1, 1, 1, 2]], [False], points, queries, outputs,
                      [-.2, .5, -1.3, -6.5]))

    def branch():
        which = random.randrange(3)
        return [coordinates(2), coordinates(2) if which == 0 else None, coordinates(1) if which == 1 else None]

    points = [branch() for _ in range(12)]
    queries = [branch() for _ in range(6)]
    outputs = [round(random.gauss(0, 1), 6) for _ in points]
    cases.append(case("branches", [[0, 1], [0, 1], [0]], [False, True, True], points, queries, outputs,
                      [-.5, .4, -.9, .2, -.3, -.4, .3, -1.2, -4.1]))
    values = [round(random.gauss(0, 1) + random.expovariate(1), 6) for _ in range(9)]
    powers = [-1, -.3, 0, .5, 1, 1.7, 2, 2.6]
    bends = [{"power": p, "values": [float(v) for v in stats.yeojohnson(values, p)],
              "logLikelihood": float(stats.yeojohnson_llf(p, values))} for p in powers]
    print(json.dumps({"cases": cases, "yeoJohnson": {
        "values": values, "bends": bends, "best": float(stats.yeojohnson_normmax(values))}}))


main()
