"""Tasks for searches with one objective, made small: what samplers_quality.py compares and quality.py tests.

A task is a space, a function of a configuration, and the regret of its value: the distance to the optimum, or
of a table the share of the way from its best to its median configuration. Parameters are those of a
space file; `when` is (parent, values), and `if` says the same to us. A function is given only the parameters
that are active.

Families: `function` (standard ones, the optimum off the centre), `noisy` (the same; a search sees noise, its
regret is that of the noise-free value), `mixed` (integers, choices, log scales), `conditional` (branches with
parameters of their own), `tabular` (tabulated tuning of networks) and `bbob` (COCO's functions).
"""

import pathlib

from tasks.bbob import bbob
from tasks.conditional import CONDITIONAL
from tasks.functions import FUNCTIONS, NOISY
from tasks.mixed import MIXED
from tasks.tables import tabular

# Those that samplers of seconds a suggestion are compared on.
CORE = {
    "hartmann6", "ackley5", "rosenbrock4", "levy10", "hartmann6-noisy", "mixed-network", "mixed-ackley",
    "conditional-booster", "conditional-optimizer", "hpolib/protein_structure", "hpobench/car"}


def everything(data):
    tables = tabular(data) if pathlib.Path(data).is_dir() else []
    return FUNCTIONS + NOISY + MIXED + CONDITIONAL + tables + bbob()


def chosen(tasks, wanted):
    """Tasks by name, by family, or `core`."""
    if wanted is None:
        return tasks
    names = wanted.split(",")
    unknown = [n for n in names if n != "core" and not any(n in (t.name, t.family) for t in tasks)]
    if unknown:
        raise SystemExit(f"no task or family {', '.join(unknown)}; there are: {' '.join(t.name for t in tasks)}")
    return [t for t in tasks if t.name in names or t.family in names or ("core" in names and t.name in CORE)]
