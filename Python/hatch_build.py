"""Puts the command `outerloop` into the wheel, and gives the wheel the tag of its platform.

`OUTERLOOP_BINARY` names the command, `OUTERLOOP_PLATFORM` the platform, such as `manylinux_2_35_x86_64`:
`Scripts/build-wheel.sh` sets both.
"""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommandHook(BuildHookInterface):
    def initialize(self, version, build_data):
        if self.target_name != "wheel" or version == "editable":
            return
        binary, platform = os.environ.get("OUTERLOOP_BINARY"), os.environ.get("OUTERLOOP_PLATFORM")
        if not binary or not platform:
            raise SystemExit("error: OUTERLOOP_BINARY or OUTERLOOP_PLATFORM is not set\nhint: make wheel")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["shared_scripts"][binary] = "outerloop"
