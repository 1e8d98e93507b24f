"""The kinds of domains that share names with Python built-ins: `outerloop.float` and `outerloop.int`."""

from .space import float_, int_

float = float_
int = int_
