"""A `search-bench` process and its JSON lines."""

import json
import math
import os
import pathlib
import subprocess
import threading

BUILT = pathlib.Path(__file__).resolve().parents[2] / ".build"
PROGRAM = pathlib.Path(os.environ.get("SEARCH_BENCH") or BUILT / "release" / "search-bench")


class Served:
    """Safe to use from several threads; starts when first spoken to, so that it may be copied before."""

    def __init__(self, *arguments):
        self.arguments, self.process, self.lock = arguments, None, threading.RLock()

    def say(self, line):
        """The answer to a line, errors included."""
        with self.lock:
            if self.process is None:
                self.process = subprocess.Popen(
                    [PROGRAM, *self.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.process.stdin.write(json.dumps(line, allow_nan=False) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"search-bench ended at {line}")
        return json.loads(answer)

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def __del__(self):
        self.close()

    def __getstate__(self):
        return self.arguments

    def __setstate__(self, arguments):
        self.__init__(*arguments)


def numbers(values):
    """Values as our lines write them."""
    return [v if math.isfinite(v) else "nan" if math.isnan(v) else "inf" if v > 0 else "-inf"
            for v in map(float, values)]
