"""A random search by Optuna through its SQLite storage, timed, on the sphere in [-10, 10]^5.

    .venv/bin/python storage.py --file FILE --loop ask|optimize --log shipped|wal --trials N

`ask` is ask, five suggestions, a report and tell; `optimize` is Study.optimize with the same. `wal`
gives SQLite the settings that Outerloop has: a write-ahead log that does not wait for the disk at
every commit. Prints one JSON line: seconds for all trials, importing and opening not included.
"""

import argparse
import json
import time

import optuna
import sqlalchemy

NAMES = [f"x{index}" for index in range(5)]


def storage(options):
    made = optuna.storages.RDBStorage(f"sqlite:///{options.file}")
    if options.log == "wal":
        @sqlalchemy.event.listens_for(made.engine, "connect")
        def prepare(connection, _):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        made.engine.dispose()
    return made


def objective(trial):
    value = sum(trial.suggest_float(name, -10, 10) ** 2 for name in NAMES)
    trial.report(value, 1)
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", required=True)
    parser.add_argument("--loop", choices=["ask", "optimize"], default="ask")
    parser.add_argument("--log", choices=["shipped", "wal"], default="shipped")
    parser.add_argument("--trials", type=int, default=500)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage(options), sampler=optuna.samplers.RandomSampler(seed=0), direction="minimize")
    start = time.perf_counter()
    if options.loop == "optimize":
        study.optimize(objective, n_trials=options.trials)
    else:
        for _ in range(options.trials):
            trial = study.ask()
            study.tell(trial, objective(trial))
    seconds = time.perf_counter() - start
    print(json.dumps({
        "version": f"Optuna {optuna.__version__}", "trials": options.trials, "seconds": seconds,
        "trials_per_second": options.trials / seconds}))


if __name__ == "__main__":
    main()
