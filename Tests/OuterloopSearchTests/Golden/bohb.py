"""Records bandwidths and densities of KDEMultivariate, which the authors of BOHB use, for numbers in [0, 1] and pairs of
choices:

    pip install statsmodels==0.15.0
    python3 bohb.py > bohb.json
"""

import json
import sys

import numpy as np
import statsmodels.api as sm

rng = np.random.default_rng(2)
cases = []
for n, numbers, counts in [(4, 1, []), (9, 2, []), (12, 1, [2]), (30, 2, [2, 2]), (8, 0, [2])]:
    data = np.column_stack(
        [np.round(rng.random((n, numbers)), 4)] + [np.r_[[0, 1], rng.integers(0, c, n - 2)] for c in counts])
    kde = sm.nonparametric.KDEMultivariate(
        data=data, var_type="c" * numbers + "u" * len(counts), bw="normal_reference")
    kde.bw = np.clip(kde.bw, 1e-3, None)
    points = np.column_stack(
        [np.round(rng.random((5, numbers)), 4)] + [rng.integers(0, c, 5) for c in counts])
    cases.append({
        "counts": counts, "data": data.tolist(), "bandwidths": kde.bw.tolist(), "points": points.tolist(),
        "densities": [float(kde.pdf(p)) for p in points]})
json.dump(cases, sys.stdout)
