#!/usr/bin/env bash
# test-storage.sh [WORDS FOR PYTEST]: Optuna's own suite of storages against stores of the debug build, in a file and on a
# PostgreSQL server of this script's own; without PostgreSQL the latter is skipped. Installs Optuna in an environment.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .build/debug/StoreProbe ] || { echo "error: StoreProbe is not built: swift build --build-tests" >&2; exit 1; }
# The pinned packages want Python 3.11 or newer.
for python in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 $(ls -d "$HOME"/.pyenv/versions/3.1[1-9].*/bin/python 2>/dev/null | sort -rV); do
  if [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
done
PYTHON=$python sh Benchmarks/peers/install.sh optuna
cd Benchmarks/peers/optuna
words=(.venv/bin/python -m pytest -q --tb=short --show-capture=no -p no:cacheprovider test_storage.py "$@")
export SWIFT_BACKTRACE=enable=no PYTHONDONTWRITEBYTECODE=1
status=0
bash ../../../Scripts/with-postgres.sh "${words[@]}" || status=$?
if [ $status = 77 ]; then
  echo "note: the tests on a server are skipped" >&2
  status=0
  "${words[@]}" || status=$?
fi
exit $status
