"""Where the command `outerloop` is."""

from __future__ import annotations

import os
import sys

from .errors import OuterloopError


def executable() -> str:
    """The path of the command.

    It is the one that `OUTERLOOP_COMMAND` names, else the one that was installed with this package, else the
    first one on `PATH`.

    Raises `OuterloopError` if there is none.
    """
    import shutil
    import sysconfig

    named = os.environ.get("OUTERLOOP_COMMAND")
    if named:
        if os.access(named, os.X_OK):
            return named
        raise OuterloopError(
            f"OUTERLOOP_COMMAND is {named}, which cannot be run", "name the command outerloop, or unset it"
        )
    places = [sysconfig.get_path("scripts"), os.path.dirname(sys.executable)]
    user = sysconfig.get_path("scripts", f"{os.name}_user") if os.name in ("posix", "nt") else None
    for place in [*places, user]:
        if place:
            path = os.path.join(place, "outerloop")
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    found = shutil.which("outerloop")
    if found is None:
        raise OuterloopError(
            "the command outerloop is not installed",
            "pip install outerloop, or name it by the variable OUTERLOOP_COMMAND",
        )
    return found
