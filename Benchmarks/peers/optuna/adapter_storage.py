"""Our store as an Optuna storage, so that Optuna's own conformance suite can be run against it.

Two adapters, because the two do not keep the same things:

`OuterloopStorage` is a storage on top of a live `SQLiteStore` or `PostgresStore`, behind the pipe of
`StoreProbe serve`, a program of the tests. In the store: studies, their names and directions; numbers of trials, who may change what
and when (what is refused comes from the store); states, values, intermediate values, times, the best
trial, lists by state. Our trials get their whole configuration when they are made, Optuna's get one
parameter after the other, so the declared space is one constant; parameters and attributes stand as
text in the study's attributes (which tests only that text comes back), and so do what a waiting
trial has no place for here: intermediate values and a start.

`ImportedStorage` writes with Optuna's own `RDBStorage` and reads what comes out when its file is
imported into our store and exported again: parameters, distributions, states, values, steps, times.
Read from the original instead: attributes of trials, which the import leaves behind as documented; of
waiting trials the distributions, start and intermediate values. Every trial gets one constant more, as a
space of ours is not empty; the value that the export gives to pruned trials, the last intermediate one,
is compared with it and taken away.
"""

import contextlib
import copy
import datetime
import json
import os
import pathlib
import sqlite3
import tempfile
import uuid

from optuna.distributions import (
    CategoricalDistribution, check_distribution_compatibility, distribution_to_json, json_to_distribution)
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._base import DEFAULT_STUDY_NAME_PREFIX
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from served import STORES, Served, numbers

# Ids are unique in a storage, our numbers in a study.
TRIALS = 10 ** 9
STATES = {
    "waiting": TrialState.WAITING, "running": TrialState.RUNNING, "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
ENDINGS = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "prune", TrialState.FAIL: "fail"}
DIRECTIONS = {"minimize": StudyDirection.MINIMIZE, "maximize": StudyDirection.MAXIMIZE}


def seconds(time):
    return None if time is None else time.timestamp()


def clock(at):
    return None if at is None else datetime.datetime.fromtimestamp(at)


class OuterloopStorage(BaseStorage):
    def __init__(self, path):
        self.served = Served(STORES, "serve", str(path))

    def say(self, do, study=None, **line):
        line |= {} if study is None else {"study": study}
        answer = self.served.say({"do": do} | {k: v for k, v in line.items() if v is not None})
        error = answer.get("error", "")
        if "does not exist" in error:
            raise KeyError(error)
        if " exists; resume it" in error:
            raise DuplicatedStudyError(error)
        if error:
            raise RuntimeError(error)
        refused = answer.get("refused")
        if refused == "unknown":
            raise KeyError(f"trial {line}")
        if refused == "finished":
            raise UpdateFinishedTrialError(f"trial {line}")
        return answer

    # Studies.

    def create_new_study(self, directions, study_name=None):
        name = DEFAULT_STUDY_NAME_PREFIX + str(uuid.uuid4()) if study_name is None else study_name
        return self.say("create", name=name, directions=[
            "maximize" if d == StudyDirection.MAXIMIZE else "minimize" for d in directions])["study"]

    def delete_study(self, study_id):
        self.say("delete", study_id)

    def _studies(self):
        return self.say("studies")["studies"]

    def _study(self, study_id):
        for study in self._studies():
            if study["study"] == study_id:
                return study
        raise KeyError(f"study {study_id}")

    def get_study_id_from_name(self, study_name):
        for study in self._studies():
            if study["name"] == study_name:
                return study["study"]
        raise KeyError(study_name)

    def get_study_name_from_id(self, study_id):
        return self._study(study_id)["name"]

    def get_study_directions(self, study_id):
        return [DIRECTIONS[d] for d in self._study(study_id)["directions"]]

    def get_all_studies(self):
        return [
            FrozenStudy(
                study_name=s["name"], direction=None, directions=[DIRECTIONS[d] for d in s["directions"]],
                user_attrs=json.loads(s["attributes"].get("user", "{}")),
                system_attrs=json.loads(s["attributes"].get("system", "{}")), study_id=s["study"])
            for s in self._studies()]

    # What our store has no place for, as text in the study's attributes.

    def _kept(self, study_id, key):
        return json.loads(self._study(study_id)["attributes"].get(key, "{}"))

    def _keep(self, study_id, key, **changes):
        """Adds to the dictionaries under `key`."""
        with self.served.lock:
            kept = self._kept(study_id, key)
            for name, change in changes.items():
                kept[name] = kept.get(name, {}) | change if isinstance(change, dict) else change
            self.say("attributes", study_id, set={key: json.dumps(kept)})

    def _set_study_attr(self, study_id, kind, key, value):
        with self.served.lock:
            kept = self._kept(study_id, kind) | {key: value}
            self.say("attributes", study_id, set={kind: json.dumps(kept)})

    def set_study_user_attr(self, study_id, key, value):
        self._set_study_attr(study_id, "user", key, value)

    def set_study_system_attr(self, study_id, key, value):
        self._set_study_attr(study_id, "system", key, value)

    def get_study_user_attrs(self, study_id):
        return self._kept(study_id, "user")

    def get_study_system_attrs(self, study_id):
        return self._kept(study_id, "system")

    # Trials.

    def create_new_trial(self, study_id, template_trial=None):
        t = template_trial
        if t is None:
            return study_id * TRIALS + self.say("add", study_id, claim=True)["number"]
        with self.served.lock:
            waits = t.state == TrialState.WAITING
            start = seconds(t.datetime_start)
            trial = self.say("add", study_id, claim=not waits, time=start)["number"]
            extras = {"start": start, "steps": t.intermediate_values} if waits else {}
            self._keep(
                study_id, f"trial {trial}", user=t.user_attrs, system=t.system_attrs, **extras,
                params={n: [d.to_internal_repr(t.params[n]), distribution_to_json(d)]
                        for n, d in t.distributions.items()})
            if not waits:
                for step, value in t.intermediate_values.items():
                    self._report(study_id, trial, step, value)
            if t.state.is_finished():
                self.say(
                    ENDINGS[t.state], study_id, trial=trial, time=seconds(t.datetime_complete),
                    values=None if t.values is None else numbers(t.values))
        return study_id * TRIALS + trial

    def _report(self, study, trial, step, value):
        # Our epochs count from 1.
        return self.say("report", study, trial=trial, epoch=step + 1, values=numbers([value]))

    def _change(self, trial_id, **change):
        with self.served.lock:
            self.check_trial_is_updatable(trial_id, self.get_trial(trial_id).state)
            self._keep(trial_id // TRIALS, f"trial {trial_id % TRIALS}", **change)

    def set_trial_param(self, trial_id, param_name, param_value_internal, distribution):
        with self.served.lock:
            trial = self.get_trial(trial_id)
            self.check_trial_is_updatable(trial_id, trial.state)
            for other in self.get_all_trials(trial_id // TRIALS):
                if param_name in other.distributions:
                    check_distribution_compatibility(other.distributions[param_name], distribution)
            self._change(trial_id, params={
                param_name: [param_value_internal, distribution_to_json(distribution)]})

    def get_trial_param(self, trial_id, param_name):
        self.get_trial(trial_id)
        return self._kept(trial_id // TRIALS, f"trial {trial_id % TRIALS}")["params"][param_name][0]

    def set_trial_user_attr(self, trial_id, key, value):
        self._change(trial_id, user={key: value})

    def set_trial_system_attr(self, trial_id, key, value):
        self._change(trial_id, system={key: value})

    def set_trial_state_values(self, trial_id, state, values=None):
        study, trial = divmod(trial_id, TRIALS)
        values = None if values is None else numbers(values)
        if state == TrialState.RUNNING:
            # Refused as taken if someone runs it.
            return "done" in self.say("claim", study, trial=trial)
        if state == TrialState.WAITING:
            return "done" in self.say("release", study, trial=trial)
        answer = self.say(ENDINGS[state], study, trial=trial, values=values)
        if "refused" in answer:
            # Only who runs a trial may end it.
            self.say("claim", study, trial=trial)
            answer = self.say(ENDINGS[state], study, trial=trial, values=values)
        return "done" in answer

    def set_trial_intermediate_value(self, trial_id, step, intermediate_value):
        answer = self._report(*divmod(trial_id, TRIALS), step, intermediate_value)
        if "refused" in answer:
            raise RuntimeError(f"refused: {answer['refused']}")

    def get_trial(self, trial_id):
        study, number = divmod(trial_id, TRIALS)
        with self.served.lock:
            for trial in self.say("trials", study, **{"from": number, "limit": 1})["trials"]:
                if trial["number"] == number:
                    return self._frozen(trial, self._study(study))
        raise KeyError(f"trial {trial_id}")

    def get_all_trials(self, study_id, deepcopy=True, states=None):
        names = None if states is None else [name for name, state in STATES.items() if state in states]
        with self.served.lock:
            trials, study = self.say("trials", study_id, states=names)["trials"], self._study(study_id)
        return [self._frozen(trial, study) for trial in trials]

    def get_n_trials(self, study_id, state=None):
        counts = self.say("summary", study_id)["counts"]
        wanted = (state,) if isinstance(state, TrialState) else state
        return sum(n for name, n in counts.items() if wanted is None or STATES[name] in wanted)

    def get_best_trial(self, study_id):
        if len(self.get_study_directions(study_id)) > 1:
            raise RuntimeError("several objectives have no one best trial")
        best = self.say("summary", study_id).get("best")
        if best is None:
            raise ValueError("no trial is complete")
        return self.get_trial(study_id * TRIALS + best)

    @staticmethod
    def _frozen(trial, study):
        kept = json.loads(study["attributes"].get(f"trial {trial['number']}", "{}"))
        params, distributions = {}, {}
        for name, (internal, text) in kept.get("params", {}).items():
            distributions[name] = json_to_distribution(text)
            params[name] = distributions[name].to_external_repr(internal)
        steps = {int(step): float(v) for step, v in kept.get("steps", {}).items()}
        steps |= {r["epoch"] - 1: float(r["values"]["v0"]) for r in trial["reports"]}
        values = trial.get("values")
        return FrozenTrial(
            number=trial["number"], state=STATES[trial["state"]], value=None,
            values=None if values is None else [float(v) for v in values],
            datetime_start=clock(trial.get("started", kept.get("start"))),
            datetime_complete=clock(trial.get("ended")), params=params, distributions=distributions,
            user_attrs=kept.get("user", {}), system_attrs=kept.get("system", {}), intermediate_values=steps,
            trial_id=study["study"] * TRIALS + trial["number"])


# A study of Optuna may have trials without any parameter; a space of ours is never empty.
COMPANION = ("outerloop:companion", CategoricalDistribution(("-",)))


class ImportedStorage(RDBStorage):
    """Writes as Optuna does; trials are read out of an export of an import of the file."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        super().__init__(f"sqlite:///{self.folder / 'optuna.db'}")
        self.served = Served(STORES, "serve", str(self.folder / "ours.db"))
        self.last = {}  # study -> what was written, what was read

    def _say(self, line):
        answer = self.served.say(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def get_all_trials(self, study_id, deepcopy=True, states=None):
        originals = super().get_all_trials(study_id)
        found = self._through(study_id, originals)
        return [t for t in found if states is None or t.state in states]

    def get_trial(self, trial_id):
        original = super().get_trial(trial_id)
        study_id = self._study_of(trial_id)
        return next(
            t for t in self._through(study_id, super().get_all_trials(study_id)) if t.number == original.number)

    def get_n_trials(self, study_id, state=None):
        states = (state,) if isinstance(state, TrialState) else state
        return len(self.get_all_trials(study_id, states=states))

    def get_best_trial(self, study_id):
        return BaseStorage.get_best_trial(self, study_id)

    def _study_of(self, trial_id):
        with contextlib.closing(sqlite3.connect(self.folder / "optuna.db")) as db:
            return db.execute("SELECT study_id FROM trials WHERE trial_id = ?", (trial_id,)).fetchone()[0]

    def _through(self, study_id, originals):
        if not originals:
            return []
        written, back = self.last.get(study_id, (None, None))
        if repr(originals) == written:
            return copy.deepcopy(back)
        name = self.get_study_name_from_id(study_id)
        with self.served.lock, tempfile.TemporaryDirectory(dir=self.folder) as folder:
            source, target = os.path.join(folder, "in.db"), os.path.join(folder, "out.db")
            with contextlib.closing(sqlite3.connect(self.folder / "optuna.db")) as db, \
                    contextlib.closing(sqlite3.connect(source)) as added:
                db.backup(added)
                added.execute(
                    "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
                    "SELECT trial_id, ?, 0, ? FROM trials WHERE study_id = ?",
                    (COMPANION[0], distribution_to_json(COMPANION[1]), study_id))
                added.commit()
            study = self._say({"do": "import", "path": source, "name": name})["study"]
            self._say({"do": "export", "study": study, "path": target})
            self._say({"do": "delete", "study": study})
            exported = RDBStorage(
                f"sqlite:///{target}", skip_compatibility_check=True, skip_table_creation=True)
            back = exported.get_all_trials(exported.get_study_id_from_name(name))
            exported.remove_session()
            exported.engine.dispose()
        assert [t.number for t in back] == [t.number for t in originals]
        for trial, original in zip(back, originals):
            trial._trial_id = original._trial_id
            if trial.state == TrialState.PRUNED and original.values is None:
                # Exported as `Study.tell` would have it.
                assert trial.value in (None, trial.intermediate_values.get(trial.last_step))
                trial.values = None
            if trial.state == TrialState.WAITING:
                # Exported as `enqueue_trial` would keep it.
                trial.params = trial.system_attrs["fixed_params"]
                trial.distributions = dict(original.distributions)
                trial.datetime_start = original.datetime_start
                trial.intermediate_values = original.intermediate_values
            trial.params.pop(COMPANION[0], None)
            trial.distributions.pop(COMPANION[0], None)
            trial.user_attrs, trial.system_attrs = original.user_attrs, original.system_attrs
        self.last[study_id] = (repr(originals), back)
        return copy.deepcopy(back)
