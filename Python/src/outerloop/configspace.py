"""Spaces of the package ConfigSpace."""

from __future__ import annotations

import json
from typing import Any, Dict

from .errors import UsageError
from .space import Domain, Space
from .values import Choices


def read(given: Any) -> Space:
    """The space of a `ConfigSpace.ConfigurationSpace`, with its conditions and forbidden clauses.

    Priors, weights and defaults have no place in a study; the study's `notes` name them.
    """
    fields = _fields(given)
    domains: Dict[str, Domain] = {}
    for parameter in fields.get("hyperparameters", []):
        options = parameter.get("choices") or parameter.get("sequence")
        if options is not None:
            domains[parameter["name"]] = Domain({}, Choices(options))
    return Space(fields, domains)


def _fields(given: Any) -> Dict[str, Any]:
    """ConfigSpace's JSON, in any of its versions."""
    if hasattr(given, "to_serialized_dict"):
        text = json.dumps(given.to_serialized_dict(), default=_plain)
    else:
        try:
            from ConfigSpace.read_and_write import json as writer
        except ImportError as error:
            raise UsageError(
                f"a space of {type(given).__module__} cannot be read", "pip install 'ConfigSpace>=1'"
            ) from error
        text = writer.write(given)
    fields: Dict[str, Any] = json.loads(text)
    return fields


def _plain(value: Any) -> Any:
    """NumPy scalars and arrays as JSON values."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} is no value of a parameter")
