"""Our samplers as an Optuna sampler, so that Optuna's own conformance suites can be run against them.

Optuna's objective names its parameters while it runs; ours declares the space first. The mapping:

- Each set of parameters that Optuna asks for together is a declared space, and a study of ours: the
  intersection of the spaces of past trials for `sample_relative` (the space given to the constructor,
  if there is one), one parameter for `sample_independent`. Single values are never asked for.
- Before an ask, the Optuna study's trials are replayed into ours, in order: what we proposed is told;
  every other trial whose values fit the declared space is enqueued and told. COMPLETE gives values,
  PRUNED the last intermediate value, FAIL `error`. If a proposal was not what was run (a fixed
  parameter, a branch not taken) it is told as cancelled and the real values are enqueued. Running
  trials of others take part as soon as their values are known.
- Ours tries no configuration twice and ends when a finite space is used up; Optuna's suites draw from
  21 integers 100 times. Therefore spaces of one parameter have a companion, a real number in [0, 1]
  that Optuna does not see; it makes every trial a new configuration and, as parameters of
  `sample_independent` are modelled alone, does not change what is proposed. A relative space gets a
  companion only once it is used up.
- The seed of a study is derived from the seed and the names of its parameters: two parameters that are
  asked for one by one must not get the same random numbers. With a space given it is the seed itself,
  so that the proposals are those of a plain ask and tell (test_adapter.py holds it to that).

Meaningful: domains (bounds, steps, log scales, types of what is returned), NaN and failures, finite
and shrinking ranges, several objectives, threads, models from the first trial on (startup 0). Not
meaningful here: conditions and constraints of a space, which Optuna cannot declare, and our rule that
nothing is tried twice.
"""

import json
import zlib

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import intersection_search_space
from optuna.study import StudyDirection
from optuna.trial import TrialState

from served import SAMPLERS, Served, numbers

COMPANION = "outerloop:companion"


class OuterloopSampler(BaseSampler):
    def __init__(self, name="tpe", seed=0, options=None, space=None):
        self.name, self.seed, self.options, self.space = name, seed, options or {}, space
        self.served, self.studies = Served(SAMPLERS, "serve"), {}

    def infer_relative_search_space(self, study, trial):
        space = self.space or intersection_search_space(study.get_trials(deepcopy=False), include_pruned=True)
        return {name: d for name, d in space.items() if not d.single()}

    def sample_relative(self, study, trial, search_space):
        if not search_space:
            return {}
        return self._study(study, search_space, self.options).ask(study, trial)

    def sample_independent(self, study, trial, param_name, param_distribution):
        options = self.options | ({"multivariate": False} if self.name == "tpe" else {})
        mine = self._study(study, {param_name: param_distribution}, options, companion=True)
        return mine.ask(study, trial)[param_name]

    def reseed_rng(self):
        self.seed, self.studies = self.seed + 1, {}

    def _study(self, study, space, options, companion=False):
        declared = {name: declaration(name, d) for name, d in space.items()}
        key = json.dumps([study._study_id, study.study_name, options, companion, list(declared.values())])
        seed = self.seed if space == self.space else self.seed + zlib.crc32(" ".join(space).encode())
        with self.served.lock:
            if key not in self.studies:
                self.studies[key] = DeclaredStudy(
                    self.served, key, space, declared, companion, self.name, seed, options, study.directions)
            return self.studies[key]


class DeclaredStudy:
    """A study of ours over a declared space, kept up to date with an Optuna study."""

    def __init__(self, served, key, space, declared, companion, sampler, seed, options, directions):
        self.served, self.key, self.space, self.declared = served, key, space, declared
        self.opening = {
            "sampler": sampler, "seed": seed, "options": options,
            "objectives": [
                {"metric": f"f{i}", "direction": "maximize" if d == StudyDirection.MAXIMIZE else "minimize"}
                for i, d in enumerate(directions)]}
        self.open(companion)

    def open(self, companion):
        self.companion = companion
        self.proposed = {}  # Optuna's number -> (ours, what was proposed)
        self.known = set()  # Optuna's numbers that need no further look
        parameters = list(self.declared.values())
        if companion:
            parameters.append({"name": COMPANION, "type": "float", "low": 0, "high": 1})
        self.say({"open": {"space": {"parameters": parameters}} | self.opening})

    def say(self, line):
        answer = self.served.say({"study": self.key} | line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self, study, trial):
        with self.served.lock:
            self.replay(study, trial)
            answer = self.say({"ask": True})
            if "exhausted" in answer:
                self.open(companion=True)
                self.replay(study, trial)
                answer = self.say({"ask": True})
            params = {name: value(d, answer["params"][name]) for name, d in self.space.items()}
            self.proposed[trial.number] = (answer["number"], params)
            return params

    def replay(self, study, current):
        for trial in study.get_trials(deepcopy=False):
            if trial.number in self.known or trial.number == current.number:
                continue
            if trial.state == TrialState.WAITING:
                continue
            ours, params = self.proposed.get(trial.number, (None, None))
            actual = self.values(trial)
            finished = trial.state.is_finished()
            if ours is not None and params != actual and (finished or actual is not None):
                self.say({"tell": ours, "failed": "cancelled"})
                del self.proposed[trial.number]
                ours = None
            if ours is None and actual is not None:
                ours = self.enqueue(trial.number, actual)
                self.proposed[trial.number] = (ours, actual)
            if finished:
                if ours is not None:
                    self.tell(ours, trial)
                self.known.add(trial.number)

    def values(self, trial):
        """The trial's values of our parameters; None if it lacks one or one is outside our space."""
        values = {}
        for name, distribution in self.space.items():
            if name not in trial.params:
                return None
            try:
                if not distribution._contains(distribution.to_internal_repr(trial.params[name])):
                    return None
            except ValueError:
                return None
            values[name] = trial.params[name]
        return values

    def enqueue(self, number, values):
        given = {name: declared_value(self.space[name], value) for name, value in values.items()}
        if self.companion:
            given[COMPANION] = number * 0.6180339887498949 % 1
        return self.say({"enqueue": given})["number"]

    def tell(self, ours, trial):
        if trial.state == TrialState.COMPLETE:
            self.say({"tell": ours, "values": numbers(trial.values)})
        elif trial.state == TrialState.PRUNED:
            step = trial.last_step
            seen = {} if step is None else {
                "epoch": step + 1, "values": numbers([trial.intermediate_values[step]])}
            self.say({"prune": ours} | seen)
        else:
            self.say({"tell": ours, "failed": "error"})


def is_plain(distribution):
    """Whether our space can list the choices themselves: scalars, no two of them equal."""
    choices = distribution.choices
    return (all(isinstance(c, (bool, int, float, str)) for c in choices)
            and len({(isinstance(c, bool), c) for c in choices}) == len(choices)
            and all(abs(c) < float("inf") for c in choices if isinstance(c, float)))


def declaration(name, d):
    """A parameter as our space files write it."""
    if isinstance(d, FloatDistribution):
        step = {} if d.step is None else {"step": d.step}
        return {"name": name, "type": "float", "low": d.low, "high": d.high, "log": d.log} | step
    if isinstance(d, IntDistribution):
        return {"name": name, "type": "int", "low": d.low, "high": d.high, "log": d.log, "step": d.step}
    assert isinstance(d, CategoricalDistribution)
    choices = list(d.choices) if is_plain(d) else [f"choice {i}" for i in range(len(d.choices))]
    return {"name": name, "type": "categorical", "choices": choices}


def declared_value(d, given):
    """Optuna's value as ours."""
    if isinstance(d, CategoricalDistribution) and not is_plain(d):
        return f"choice {int(d.to_internal_repr(given))}"
    return given


def value(d, given):
    """Our value as Optuna's. JSON does not tell 1.0 from 1."""
    if isinstance(d, FloatDistribution):
        return float(given)
    if isinstance(d, IntDistribution):
        return int(given)
    if not is_plain(d):
        return d.choices[int(given.split()[1])]
    return next(c for c in d.choices if c == given and isinstance(c, bool) == isinstance(given, bool))
