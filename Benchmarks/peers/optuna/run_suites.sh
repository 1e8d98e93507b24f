#!/bin/sh
# Optuna's own conformance suites against our samplers and our stores: installs, builds, runs, and counts
# what passed, failed, and is explained (conftest.py) by suite. Arguments go to pytest: -k tpe, -x.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
sh "$here/../install.sh" optuna
swift build -c release --package-path "$here/../.." --product search-bench
swift build --package-path "$here/../../.." --product StoreProbe
cd "$here"
# A trap is a failure, not a long report about it; nothing is left beside the tests.
set -- .venv/bin/python -m pytest -q --tb=short --show-capture=no -p no:cacheprovider "$@"
export SWIFT_BACKTRACE=enable=no PYTHONDONTWRITEBYTECODE=1
status=0
bash ../../../Scripts/with-postgres.sh "$@" || status=$?
# Without PostgreSQL its tests are skipped.
[ $status -ne 77 ] || exec "$@"
exit $status
