"""Samplers of other libraries behind the JSON lines of `search-bench serve`:

    {"open": {"space": {"parameters": [...]}, "objectives": [...], "sampler": "tpe", "seed": 1, "trials": 100}}
                                                -> {"opened": true, "version": "optuna 5.0.0"}
    {"ask": true}                               -> {"number": 0, "params": {...}}
    {"enqueue": {"x": 1}}                       -> {"number": 1}
    {"tell": 0, "values": [1.5]}                -> {"told": true}

Values are made small. A parameter with `when` = [parent, values] is active where its parent is active and
has one of the values; a sampler may give values for others too. Mistakes are answered by {"error": "..."}.
A search is a class made with the opening; it has `ask()`, `tell(number, values)` and, if it takes what others chose,
`enqueue(number, params)`.
"""

import json
import os
import sys


def serve(search, version):
    """Answers until its input ends. What the library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    current, count = None, 0
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "open" in request:
                current, count = None, 0
                current = search(request["open"])
                answer = {"opened": True, "version": version}
            elif "ask" in request:
                answer = {"number": count, "params": {name: plain(v) for name, v in current.ask().items()}}
                count += 1
            elif "enqueue" in request:
                current.enqueue(count, request["enqueue"])
                answer = {"number": count}
                count += 1
            else:
                current.tell(request["tell"], request["values"])
                answer = {"told": True}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:400]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def plain(value):
    """A number of NumPy as one of Python."""
    return value.item() if hasattr(value, "item") else value
