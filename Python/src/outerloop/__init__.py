"""Hyperparameter tuning, by search and by gradient: the Python interface of the command `outerloop`.

    import outerloop

    def objective(trial):
        return (trial["x"] - 2) ** 2

    study = outerloop.Study("runs.db", space={"x": outerloop.float(-5, 10)}, minimize="loss")
    study.run(objective, trials=50)
    print(study.best)
"""

from .version import __version__

# As in `typing`, whose import takes longer than everything else.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import (
        BrokenObjective,
        ConnectionLost,
        NoResult,
        OuterloopError,
        TrialPruned,
        UsageError,
    )
    from .pictures import Picture
    from .records import TrialRecord
    from .script import ScriptTrial, trial
    from .kinds import float as float
    from .kinds import int as int
    from .space import Domain, choice, constant, log, ordinal
    from .study import Study
    from .study_trial import Trial
    from .tuner import Tuner

__all__ = [
    "BrokenObjective",
    "ConnectionLost",
    "Domain",
    "NoResult",
    "OuterloopError",
    "Picture",
    "ScriptTrial",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialRecord",
    "Tuner",
    "UsageError",
    "__version__",
    "choice",
    "constant",
    "log",
    "ordinal",
    "trial",
]

# Modules are imported on first use: a script that only reports starts quickly.
_PLACES = {
    "errors": "BrokenObjective ConnectionLost NoResult OuterloopError TrialPruned UsageError",
    "kinds": "float int",
    "pictures": "Picture",
    "records": "TrialRecord",
    "script": "ScriptTrial trial",
    "space": "Domain choice constant log ordinal",
    "study": "Study",
    "study_trial": "Trial",
    "tuner": "Tuner",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _PLACES.items():
        if name in names.split():
            found: object = getattr(import_module("." + module, __name__), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> "list[str]":
    return sorted([*globals(), *__all__, "float", "int"])
