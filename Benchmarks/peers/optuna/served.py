"""A process that serves samplers (`search-bench`) or a store (`StoreProbe`), and its JSON lines."""

import json
import math
import os
import pathlib
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLERS = os.environ.get("SEARCH_BENCH") or ROOT / "Benchmarks" / ".build" / "release" / "search-bench"
STORES = os.environ.get("OUTERLOOP_STORE_PROBE") or ROOT / ".build" / "debug" / "StoreProbe"


class Served:
    """Safe to use from several threads; starts when first spoken to, so that it may be copied before."""

    def __init__(self, program, *arguments):
        self.words = [str(program), *arguments]
        self.process, self.lock = None, threading.RLock()

    def say(self, line):
        """The answer to a line, errors included."""
        with self.lock:
            if self.process is None:
                self.process = subprocess.Popen(
                    self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.process.stdin.write(json.dumps(line, allow_nan=False) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.words[0]} ended at {line}")
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
        return self.words

    def __setstate__(self, words):
        self.__init__(*words)


def numbers(values):
    """Values as our lines write them."""
    return [v if math.isfinite(v) else "nan" if math.isnan(v) else "inf" if v > 0 else "-inf"
            for v in map(float, values)]
