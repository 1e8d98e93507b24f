"""A task of search with one objective, and the parameters of its space."""


class Task:
    """`value(parameters)`; `regret(value)`; the standard deviation of the noise that a search sees; the seed
    chooses among `instances` where there are several."""

    def __init__(self, name, family, parameters, value, regret, noise=0.0, maximize=False, trials=None):
        self.name, self.family, self.parameters, self.value, self.regret = name, family, parameters, value, regret
        self.noise, self.maximize, self.trials = noise, maximize, trials

    def instance(self, seed):
        return self

    def active(self, params):
        """What is active in an assignment that may name more; parents stand before their children."""
        kept = {}
        for p in self.parameters:
            when = p.get("when")
            if when is None or kept.get(when[0]) in when[1]:
                kept[p["name"]] = params[p["name"]]
        return kept


def number(name, low, high, log=False, when=None):
    return conditional({"name": name, "type": "float", "low": low, "high": high, "log": log}, when)


def whole(name, low, high, log=False, when=None):
    return conditional({"name": name, "type": "int", "low": low, "high": high, "log": log}, when)


def choice(name, choices, when=None):
    return conditional({"name": name, "type": "categorical", "choices": choices}, when)


def conditional(parameter, when):
    if when is None:
        return parameter
    return parameter | {"when": when, "if": f"{when[0]} in [{', '.join(when[1])}]"}
