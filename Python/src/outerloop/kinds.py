"""The kinds of domains that bear names of Python's own: `outerloop.float` and `outerloop.int`."""

from .space import float_, int_

float = float_
int = int_
