"""One search by a peer, timed: ask and tell without storage on the sphere in [-10, 10]^d.

    .venv/bin/python speed.py --library optuna|rustuna --sampler tpe|cmaes|nsga2 --mode joint|alone --trials N
        --dimensions D

Prints one JSON line: seconds for all trials, milliseconds a trial over the last tenth.
"""

import argparse
import json
import time


def study(library, options):
    multivariate = {"joint": True, "alone": False}.get(options.mode)
    directions = ["minimize"] * options.objectives
    if library == "optuna":
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        import warnings
        warnings.simplefilter("ignore")
        sampler = {
            "tpe": lambda: optuna.samplers.TPESampler(
                seed=options.seed, **({} if multivariate is None else {"multivariate": multivariate})),
            "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=options.seed),
            "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=options.seed),
        }[options.sampler]()
        made = optuna.create_study(sampler=sampler, directions=directions)
        return made, optuna.__version__
    import rustuna.samplers
    import rustuna.study
    sampler = {
        "tpe": lambda: rustuna.samplers.TPESampler(seed=options.seed, multivariate=multivariate),
        "cmaes": lambda: rustuna.samplers.CmaEsSampler(seed=options.seed),
        "nsga2": lambda: rustuna.samplers.NSGAIISampler(seed=options.seed),
    }[options.sampler]()
    from importlib.metadata import version
    return rustuna.study.create_study(sampler=sampler, directions=directions), version("rustuna")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", choices=["optuna", "rustuna"], required=True)
    parser.add_argument("--sampler", choices=["tpe", "cmaes", "nsga2"], default="tpe")
    parser.add_argument("--mode", choices=["joint", "alone", "default"], default="default")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--dimensions", type=int, default=10)
    parser.add_argument("--objectives", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made, version = study(options.library, options)
    names = [f"x{index}" for index in range(options.dimensions)]
    # What the libraries import at the first use is no part of a search.
    study(library=options.library, options=options)[0].optimize(
        lambda trial: [trial.suggest_float(name, -10, 10) for name in names][:options.objectives]
        if options.objectives > 1 else trial.suggest_float("x0", -10, 10), n_trials=12)

    marks, best = [], []

    def objective(trial):
        marks.append(time.perf_counter())
        x = [trial.suggest_float(name, -10, 10) for name in names]
        values = [sum((value - k) ** 2 for value in x) for k in range(options.objectives)]
        best.append(values[0])
        return values if len(values) > 1 else values[0]

    start = time.perf_counter()
    made.optimize(objective, n_trials=options.trials)
    end = time.perf_counter()
    tenth = max(options.trials // 10, 1)
    print(json.dumps({
        "library": options.library, "version": version, "sampler": options.sampler, "mode": options.mode,
        "trials": options.trials, "dimensions": options.dimensions, "seconds": end - start,
        "best": min(best), "late_ms_per_trial": 1000 * (end - marks[-tenth]) / tenth}))


if __name__ == "__main__":
    main()
