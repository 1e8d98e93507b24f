"""Search spaces: the values that parameters may take.

    space = {
        "lr": outerloop.log(1e-5, 1e-1),
        "layers": outerloop.int(1, 5),
        "optimizer": outerloop.choice("sgd", "adam"),
        "momentum": outerloop.float(0, 0.99, when="optimizer == 'sgd'"),
    }

Beside these, a space takes texts as the command line writes them (`"log(1e-5, 1e-1)"`), lists of choices, pairs
`(low, high)`, and single values. Spaces of ConfigSpace, and files in YAML or JSON, stand for whole spaces.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from .errors import UsageError
from .values import Choices, same, scalar


class Domain:
    """The values that a parameter may take, and when it is active.

    `fields` is the domain as space files in JSON write it.
    """

    __slots__ = ("choices", "fields")

    def __init__(self, fields: Dict[str, Any], choices: Optional[Choices] = None, when: Optional[str] = None) -> None:
        self.fields = {key: value for key, value in fields.items() if value is not None}
        if when is not None:
            self.fields["if"] = when
        self.choices = choices

    def __repr__(self) -> str:
        return f"Domain({self.fields!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Domain) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(repr(self.fields))

    @property
    def text(self) -> str:
        """The domain in the command line's notation."""
        import json

        fields = self.fields
        if "choices" in fields:
            kind = "choice" if fields["type"] == "categorical" else "ordinal"
            return f"{kind}({', '.join(json.dumps(option) for option in fields['choices'])})"
        if fields["type"] == "constant":
            return f"constant({json.dumps(fields['value'])})"
        log = ", log" if fields.get("log") else ""
        step = f", step {fields['step']}" if "step" in fields else ""
        return f"{fields['type']}({fields['low']}, {fields['high']}{log}{step})"

    def holds(self, value: Any) -> bool:
        """Whether a value of the study is certainly in this domain; never for grids."""
        fields = self.fields
        if self.choices is not None:
            return any(same(key, value) for key in self.choices.wire)
        if isinstance(value, (bool, str)) or fields.get("step") is not None:
            return False
        inside = bool(fields["low"] <= value <= fields["high"])
        return inside and (fields["type"] == "float" or isinstance(value, int))

    def object(self, value: Any) -> Any:
        """The value that the objective gets for a value of the study."""
        if self.choices is not None:
            return self.choices.object(value)
        return value


def float_(
    low: float, high: float, *, log: bool = False, step: Optional[float] = None, when: Optional[str] = None
) -> Domain:
    """Real numbers from `low` to `high`; with `log` uniform in their logarithm, with `step` on a grid.

    `when` is the condition under which the parameter exists, such as `"optimizer == 'sgd'"`.
    """
    fields = {"type": "float", "low": scalar(low), "high": scalar(high), "log": log or None}
    return Domain({**fields, "step": None if step is None else scalar(step)}, when=when)


def log(low: float, high: float, *, when: Optional[str] = None) -> Domain:
    """Positive numbers from `low` to `high`, uniform in their logarithm: learning rates, weight decays."""
    return float_(low, high, log=True, when=when)


def int_(low: int, high: int, *, log: bool = False, step: Optional[int] = None, when: Optional[str] = None) -> Domain:
    """Whole numbers from `low` to `high`, both included."""
    fields = {"type": "int", "low": scalar(low), "high": scalar(high), "log": log or None}
    return Domain({**fields, "step": None if step is None else scalar(step)}, when=when)


def choice(*options: Any, when: Optional[str] = None) -> Domain:
    """Unordered choices: `choice("relu", "tanh")` or `choice(["relu", "tanh"])`.

    They may be any objects: the study keeps texts, numbers and truth values as they are, other objects as their
    `repr`, and the objective gets the objects.
    """
    return _choices("categorical", options, when)


def ordinal(*options: Any, when: Optional[str] = None) -> Domain:
    """A few values in order, from the smallest to the largest."""
    return _choices("ordinal", options, when)


def constant(value: Any, *, when: Optional[str] = None) -> Domain:
    """A constant, passed on to the objective."""
    return Domain({"type": "constant", "value": scalar(value)}, Choices([value]), when)


def _choices(kind: str, options: Tuple[Any, ...], when: Optional[str]) -> Domain:
    if len(options) == 1 and isinstance(options[0], (list, tuple)):
        options = tuple(options[0])
    choices = Choices(options)
    return Domain({"type": kind, "choices": choices.wire}, choices, when)


class Space:
    """A space in the protocol's form, and the objects that choices represent."""

    __slots__ = ("domains", "named", "wire")

    def __init__(self, wire: Union[str, Dict[str, Any]], domains: Optional[Dict[str, Domain]] = None) -> None:
        self.wire = wire
        self.domains = domains or {}
        #: The domains under which objectives have suggested parameters, all of which the study's space includes.
        self.named: Dict[str, List[Domain]] = {}

    def knows(self, name: str, domain: Domain) -> bool:
        """Whether the study's space includes this domain of a parameter."""
        return domain in self.named.get(name, ())

    def learn(self, name: str, domain: Domain) -> None:
        """Records that the study's space was extended by a domain."""
        self.named.setdefault(name, []).append(domain)
        if domain.choices is not None:
            before = self.domains.get(name)
            pairs = [] if before is None or before.choices is None else before.choices.pairs
            self.domains[name] = Domain({}, Choices([*(option for _, option in pairs), *domain.choices.options]))

    def objects(self, params: Mapping[str, Any]) -> Dict[str, Any]:
        """Values of a study in the form that its objective gets."""
        domains = self.domains
        return {
            name: domains[name].object(value) if name in domains else value for name, value in params.items()
        }


def space(given: Any) -> Space:
    """The space from one of the notations listed in this module's docstring.

    Raises `UsageError` for what is none.
    """
    if isinstance(given, Space):
        return given
    if type(given).__module__.split(".")[0] == "ConfigSpace":
        from .configspace import read

        return read(given)
    if isinstance(given, Mapping):
        domains = {str(name): _domain(str(name), value) for name, value in given.items()}
        fields = {name: domain if isinstance(domain, str) else domain.fields for name, domain in domains.items()}
        known = {name: domain for name, domain in domains.items() if isinstance(domain, Domain)}
        return Space({"parameters": fields}, known)
    if isinstance(given, (str, os.PathLike)):
        try:
            with open(given, encoding="utf-8") as file:
                return Space(file.read())
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the space {os.fspath(given)!r} cannot be read: {error}", "name a file") from error
    raise UsageError(
        f"{given!r:.200} is no space", 'write {"lr": outerloop.log(1e-5, 1e-1)}, or give a ConfigurationSpace'
    )


def _domain(name: str, value: Any) -> Union[Domain, str]:
    if isinstance(value, Domain):
        return value
    if isinstance(value, str):
        return value if "(" in value else constant(value)
    if isinstance(value, list):
        return choice(*value)
    if isinstance(value, tuple) and len(value) == 2:
        low, high = (scalar(end) for end in value)
        if isinstance(low, int) and isinstance(high, int) and not isinstance(low, bool):
            return int_(low, high)
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            return float_(low, high)
    if isinstance(value, (bool, int, float)):
        return constant(value)
    raise UsageError(
        f"parameter `{name}` cannot be {value!r:.200}",
        "write outerloop.float(0, 1), outerloop.log(1e-5, 1e-1), outerloop.int(1, 5) or outerloop.choice('a', 'b')",
    )
