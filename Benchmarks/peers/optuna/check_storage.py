"""Optuna's side of the exchange of studies.

    check_storage.py make FILE      a small study of every kind of trial, written by Optuna
    check_storage.py dump FILE      what Optuna reads in a file, as JSON

The tests keep what `make` wrote (Tests/OuterloopStoreTests/Optuna/optuna.db) and what `dump` says
of it; `Tests/StoreProbe` writes and reads such files: `StoreProbe optuna-out STORE FILE`,
`StoreProbe optuna-in STORE FILE`. `check_storage.py check PROBE` does the round trip.
"""

import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile

import optuna

optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def objective(trial):
    x = trial.suggest_float("x", 1e-5, 1e-1, log=True)
    y = trial.suggest_int("y", 2, 10, step=2)
    c = trial.suggest_categorical("c", ["relu", "tanh", None, 3, True, 1.5])
    if c == "relu" or trial.number % 2:
        trial.suggest_float("z", 0, 1, step=0.25)
    for step in range(3):
        trial.report(math.inf if trial.number == 7 and step == 1 else x + step, step)
    if trial.number == 3:
        raise optuna.TrialPruned()
    if trial.number == 4:
        raise RuntimeError("boom")
    if trial.number == 5:
        return math.nan
    if trial.number == 6:
        return math.inf
    trial.set_user_attr("note", "hi")
    return x * y


def make(path):
    study = optuna.create_study(
        storage=f"sqlite:///{path}",
        study_name="ünï",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    study.set_metric_names(["accuracy"])
    study.optimize(objective, n_trials=10, catch=(RuntimeError,))
    study.enqueue_trial({"x": 0.01, "y": 4, "c": "tanh"})
    study.ask()
    study.enqueue_trial({"x": 0.02, "y": 4, "c": None, "z": 0.5})
    pair = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="two", directions=["minimize", "maximize"]
    )
    pair.optimize(lambda t: (t.suggest_float("a", -1, 1), t.suggest_int("b", 1, 64, log=True)), 3)
    del study, pair
    # Small pages: the file goes into the repository.
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA page_size = 512; VACUUM;")
    connection.close()


def number(value):
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def dump(path):
    storage = f"sqlite:///{path}"
    found = []
    for summary in sorted(optuna.get_all_study_summaries(storage), key=lambda s: s.study_name):
        study = optuna.load_study(study_name=summary.study_name, storage=storage)
        trials = []
        for trial in study.trials:
            trials.append(
                {
                    "number": trial.number,
                    "state": trial.state.name,
                    "params": trial.params,
                    "distributions": {
                        name: json.loads(optuna.distributions.distribution_to_json(d))
                        for name, d in trial.distributions.items()
                    },
                    "values": trial.values and [number(v) for v in trial.values],
                    "intermediate": {s: number(v) for s, v in trial.intermediate_values.items()},
                    "start": str(trial.datetime_start),
                    "complete": str(trial.datetime_complete),
                    "fixed": trial.system_attrs.get("fixed_params"),
                }
            )
        found.append(
            {
                "name": study.study_name,
                "directions": [d.name for d in study.directions],
                "metrics": study.metric_names,
                "trials": trials,
            }
        )
    return found


def check(probe):
    """Ours, read by Optuna, is what we wrote; Optuna's, through ours, is what Optuna wrote."""
    with tempfile.TemporaryDirectory() as folder:
        def at(name):
            return os.path.join(folder, name)

        def run(*words):
            return subprocess.run([probe, *words], check=True, capture_output=True, text=True).stdout

        # A study of ours: every trial that Optuna shows is one of ours.
        run("mixture", at("ours.db"))
        run("optuna-out", at("ours.db"), at("ours.optuna"))
        ours = [json.loads(line) for line in run("lines", at("ours.db")).splitlines()]
        theirs = dump(at("ours.optuna"))[0]["trials"]
        states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL",
                  "waiting": "WAITING", "running": "RUNNING", "paused": "RUNNING"}
        assert len(ours) == len(theirs) > 5, (len(ours), len(theirs))
        assert {t["state"] for t in ours} == set(states), {t["state"] for t in ours}
        for mine, his in zip(ours, theirs):
            assert states[mine["state"]] == his["state"], (mine, his)
            params = his["params"] if his["state"] != "WAITING" else his["fixed"]
            assert mine["params"] == params, (mine["params"], params)
            if mine["state"] == "complete":
                assert [mine["values"]["loss"]] == his["values"], (mine, his)
            steps = {str(r["epoch"]): r["values"]["loss"] for r in mine["reports"]}
            assert steps == {str(k): v for k, v in his["intermediate"].items()}, (mine, his)
        # Optuna goes on with it.
        study = optuna.load_study(study_name="s", storage=f"sqlite:///{at('ours.optuna')}")
        before = len(study.trials)
        study.enqueue_trial(study.best_trial.params)
        study.tell(study.ask(), 1.0)
        assert len(study.trials) >= before, len(study.trials)

        # The same study through Optuna's file and back.
        run("optuna-out", at("ours.db"), at("again.optuna"))
        run("optuna-in", at("back.db"), at("again.optuna"))
        back = [json.loads(line) for line in run("lines", at("back.db")).splitlines()]
        assert back == ours, [(a, b) for a, b in zip(back, ours) if a != b][:2]

        # Optuna's study through ours and back.
        make(at("optuna.db"))
        for name in ["ünï", "two"]:
            run("optuna-in", at(f"{name}.db"), at("optuna.db"), name)
            run("optuna-out", at(f"{name}.db"), at(f"{name}.optuna"), name)
            his = next(s for s in dump(at("optuna.db")) if s["name"] == name)
            mine = dump(at(f"{name}.optuna"))[0]
            for key in ["directions", "metrics"]:
                assert his[key] == mine[key], (key, his[key], mine[key])
            assert len(his["trials"]) == len(mine["trials"])
            for a, b in zip(his["trials"], mine["trials"]):
                for key in ["number", "state", "values", "start", "complete", "intermediate"]:
                    assert a[key] == b[key], (key, a, b)
                # What was enqueued for a trial that runs, ours takes for its parameters.
                if a["state"] == "RUNNING" and a["fixed"]:
                    assert a["fixed"] == b["params"], (a, b)
                    continue
                assert a["params"] == b["params"], (a, b)
                assert a["state"] != "WAITING" or a["fixed"] == b["fixed"], (a, b)
    print("Optuna", optuna.__version__, "and ours agree")


if __name__ == "__main__":
    command, argument = sys.argv[1:3]
    if command == "make":
        make(argument)
    elif command == "dump":
        print(json.dumps(dump(argument), ensure_ascii=False, indent=1))
    else:
        check(argument)
