"""Trials as a pandas or polars data frame."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any, Dict, List, Sequence

from .records import TrialRecord


def rows(trials: Sequence[TrialRecord]) -> List[Dict[str, Any]]:
    """A dictionary for each trial, all with the same keys: None for missing values."""
    metrics = list(dict.fromkeys(metric for trial in trials for metric in trial.values))
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    table: List[Dict[str, Any]] = []
    for trial in trials:
        values, params = trial.values, trial.params
        row: Dict[str, Any] = {
            "number": trial.number,
            "state": trial.state,
            "reason": trial.reason,
            "seconds": trial.seconds,
            "epoch": trial.epoch,
        }
        row.update({f"value.{metric}": values.get(metric) for metric in metrics})
        row.update({f"param.{name}": params.get(name) for name in names})
        table.append(row)
    return table


def frame(trials: Sequence[TrialRecord]) -> Any:
    """The rows as a data frame of the library that is imported already, else of the one that is installed; as they
    are where there is none."""
    table = rows(trials)
    for name in sorted(("pandas", "polars"), key=lambda name: name not in sys.modules):
        if name in sys.modules or find_spec(name) is not None:
            library = __import__(name)
            if name == "polars":
                # Columns may hold any values, even ones missing in the first hundred trials.
                return library.DataFrame(table, infer_schema_length=None, strict=False)
            return library.DataFrame(table)
    return table
