"""Hyperparameters are tuned, by search and by gradient: the Python side of the command `outerloop`.

    import outerloop

    def objective(trial):
        return (trial["x"] - 2) ** 2

    study = outerloop.Study("runs.db", space={"x": outerloop.float(-5, 10)}, minimize="loss")
    study.run(objective, trials=50)
    print(study.best)
"""

from .connection import PROTOCOL
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
from .space import Domain, choice, constant, log, ordinal
from .space import float_ as float
from .space import int_ as int
from .study import Study
from .trial import Trial
from .tuner import Tuner
from .version import __version__

__all__ = [
    "PROTOCOL",
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
