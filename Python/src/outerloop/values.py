"""Conversion of Python values to values of a study: numbers of any library, arbitrary objects as choices."""

from __future__ import annotations

import operator
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

from .errors import UsageError

#: The type of a parameter's value in a study and in JSON.
Scalar = Union[bool, int, float, str]


def number(value: Any, name: str) -> float:
    """`value` as a float: numbers of Python, NumPy, PyTorch, JAX, and arrays with a single element.

    Raises `UsageError` that names it if it is none.
    """
    if type(value) is float:
        return value
    if not isinstance(value, (str, bytes, bytearray)) and value is not None:
        # PyTorch warns where a tensor that has a gradient becomes a number.
        value = value.detach() if hasattr(value, "detach") else value
        for read in (float, _item):
            try:
                return read(value)
            except (TypeError, ValueError, RuntimeError, OverflowError, AttributeError):
                continue
    raise UsageError(f"`{name}` is {value!r:.200}, which is not a number", "give a single number")


def _item(value: Any) -> float:
    """The only element of an array."""
    return float(value.item())


def numbers(values: Mapping[str, Any]) -> Dict[str, float]:
    """Each value as a float, by name."""
    return {str(name): number(value, str(name)) for name, value in values.items()}


def wire_numbers(values: Mapping[str, Any]) -> Dict[str, Union[float, str]]:
    """Numbers in the protocol's form: non-finite ones are texts."""
    return {name: wire(value) for name, value in numbers(values).items()}


def results(objectives: Sequence[str], given: Any) -> Dict[str, Union[float, str]]:
    """Results of a trial as numbers by metric: of a dictionary, a number for the only objective, or one for each
    objective in order. None: there are none apart from the reported ones."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return wire_numbers(given)
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(listed) != len(objectives):
        raise UsageError(
            f"{len(listed)} values were given for {len(objectives)} objectives",
            f"give a dictionary with {', '.join(objectives)}",
        )
    return wire_numbers(dict(zip(objectives, listed)))


def wire(value: float) -> Union[float, str]:
    """A number in JSON's form."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def scalar(value: Any) -> Scalar:
    """A value of a parameter as a study keeps it: numbers, texts and truth values as they are, NumPy's as the
    plain ones, any other object as its text."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    try:
        return operator.index(value)
    except TypeError:
        pass
    if hasattr(value, "__float__"):
        try:
            return float(value)
        except (TypeError, ValueError, RuntimeError):
            pass
    return repr(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values of a parameter are the same: numbers are compared as numbers, `True` is not `1`."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


class Choices:
    """The objects that the values of a choice parameter represent."""

    __slots__ = ("pairs",)

    def __init__(self, options: Sequence[Any]) -> None:
        self.pairs: List[Tuple[Scalar, Any]] = [(scalar(option), option) for option in options]

    @property
    def options(self) -> List[Any]:
        return [option for _, option in self.pairs]

    @property
    def wire(self) -> List[Scalar]:
        return [key for key, _ in self.pairs]

    def object(self, value: Scalar) -> Any:
        """The object for a value of the study; the value itself if there is none."""
        for key, option in self.pairs:
            if same(key, value):
                return option
        return value
