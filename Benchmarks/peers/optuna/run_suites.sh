#!/bin/sh
# Optuna's own conformance suites against our samplers and our store: installs, builds, runs, and counts
# what passed, failed, and is explained (conftest.py) by suite. Arguments go to pytest: -k tpe, -x.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
sh "$here/../install.sh" optuna
swift build -c release --package-path "$here/../.." --product search-bench
cd "$here"
# A trap is a failure, not a long report about it; nothing is left beside the tests.
SWIFT_BACKTRACE=enable=no PYTHONDONTWRITEBYTECODE=1 exec .venv/bin/python -m pytest -q --tb=short \
    --show-capture=no -p no:cacheprovider "$@"
