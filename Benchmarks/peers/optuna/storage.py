"""A random search by Optuna through its SQLite storage, timed, on the sphere in [-10, 10]^5.

    .venv/bin/python storage.py --file FILE|--url URL --loop ask|optimize|reports --log shipped|wal --trials N

`reports` are those of one trial. With --wait it says that it is ready, and begins at a line of its input. With a URL the study is in that database, and of all processes that name it.
`ask` is ask, five suggestions, a report and tell; `optimize` is Study.optimize with the same. `wal`
gives SQLite the settings that Outerloop has: a write-ahead log that does not wait for the disk at
every commit. Prints one JSON line: seconds for all trials, importing and opening not included.
"""

import argparse
import json
import sys
import time

import optuna
import sqlalchemy

NAMES = [f"x{index}" for index in range(5)]


def storage(options):
    if options.url:
        return optuna.storages.RDBStorage(options.url)
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
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--file")
    where.add_argument("--url")
    parser.add_argument("--loop", choices=["ask", "optimize", "reports"], default="ask")
    parser.add_argument("--log", choices=["shipped", "wal"], default="shipped")
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--wait", action="store_true")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage(options), sampler=optuna.samplers.RandomSampler(), direction="minimize",
        study_name="speed", load_if_exists=True)
    if options.wait:
        print("ready", flush=True)
        sys.stdin.readline()
    start = time.monotonic()
    if options.loop == "reports":
        trial = study.ask()
        start = time.monotonic()
        for step in range(options.trials):
            trial.report(0.5, step)
    elif options.loop == "optimize":
        study.optimize(objective, n_trials=options.trials)
    else:
        for _ in range(options.trials):
            trial = study.ask()
            study.tell(trial, objective(trial))
    end = time.monotonic()
    seconds = end - start
    print(json.dumps({
        "begin": start, "end": end,
        "version": f"Optuna {optuna.__version__}", "trials": options.trials, "seconds": seconds,
        "trials_per_second": options.trials / seconds}))


if __name__ == "__main__":
    main()
