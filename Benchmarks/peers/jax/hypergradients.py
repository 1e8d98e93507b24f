#!/usr/bin/env python3
"""Times one hypergradient problem in JAX, in one mode, and prints one line of JSON.

    ../.venv/bin/python hypergradients.py --problem mlp --mode mixed --data ../../.data \
        --repeats 10 --out mlp.f32
"""

import argparse
import json
import os
import pathlib
import resource
import sys
import time

# glibc asks for huge pages behind large allocations: a quarter off `mlp`, whose stored trajectory
# is fresh memory on every call. glibc reads this once, as a process starts.
TUNABLES = "glibc.malloc.hugetlb=1"
if __name__ == "__main__" and sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
    os.environ["GLIBC_TUNABLES"] = TUNABLES
    os.execv(sys.executable, [sys.executable, *sys.argv])

import jax  # noqa: E402
import numpy as np  # noqa: E402

import modes  # noqa: E402
import problems  # noqa: E402


def load(folder):
    """The arrays and scalars of one problem, as ../../README.md describes them."""
    index = json.loads((folder / "index.json").read_text())
    types = {"float32": "<f4", "int32": "<i4"}
    arrays = {
        name: np.fromfile(folder / entry["file"], types[entry["type"]]).reshape(entry["shape"])
        for name, entry in index["arrays"].items()}
    return arrays, index["scalars"]


def resident_bytes(field, fallback=0):
    """VmHWM (peak) or VmRSS of this process. The peak of getrusage would include whoever forked us."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return fallback


def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return resident_bytes("VmHWM", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", required=True, choices=problems.PROBLEMS)
    parser.add_argument("--mode", required=True, choices=modes.MODES)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=pathlib.Path, help="raw float32 hypergradient")
    options = parser.parse_args()

    arrays, scalars = load(options.data / options.problem)
    problem = problems.PROBLEMS[options.problem](arrays, scalars)
    jax.devices()  # the backend's own start is not counted, nor is importing JAX
    before = resident_bytes("VmRSS")

    start = time.perf_counter()
    function = jax.jit(modes.hypergradient(problem, options.mode))
    arguments = (problem.hyperparameters, problem.initial, problem.constants)
    compiled = function.lower(*arguments).compile()
    compile_seconds = time.perf_counter() - start
    arguments = jax.block_until_ready(jax.device_put(arguments))

    def run():
        return jax.device_get(compiled(*arguments))

    loss, result = run()
    first_seconds = time.perf_counter() - start

    warm_seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        loss, result = run()
        warm_seconds.append(time.perf_counter() - start)

    if options.out:
        flat = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(result)])
        flat.astype("<f4").tofile(options.out)
    print(json.dumps({
        "problem": options.problem,
        "mode": options.mode,
        "steps": problem.steps,
        "first_seconds": first_seconds,
        "compile_seconds": compile_seconds,
        "warm_seconds": warm_seconds,
        "peak_rss_bytes": peak_bytes(),
        "start_rss_bytes": before,
        "threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "outer_loss": float(loss),
        "version": f"jax {jax.__version__}, numpy {np.__version__}, "
        f"python {sys.version.split()[0]}",
    }))


if __name__ == "__main__":
    main()
