#!/bin/sh
# Installs Optuna from PyPI into Benchmarks/peers/optuna/.venv (ignored by git). Safe to run again:
# does nothing when the pinned versions are already there.
# PYTHON names the interpreter to use (default python3).
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
environment="$here/.venv"
python=${PYTHON:-python3}
pins="$here/requirements.txt"
stamp="$environment/.requirements"

fail() { echo "install.sh: $*" >&2; exit 1; }

if [ -x "$environment/bin/python" ] && cmp -s "$pins" "$stamp" \
    && "$environment/bin/python" -c 'import optuna, numpy, pytest, rustuna' 2>/dev/null; then
    echo "Optuna is already installed in $environment."
    exit 0
fi

command -v "$python" >/dev/null 2>&1 || fail "no $python on the path; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old for the pinned NumPy; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "$python lacks venv or pip (ensurepip). On Debian and Ubuntu: apt-get install python3-venv python3-pip"

if [ ! -x "$environment/bin/python" ] || ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$environment"
    "$python" -m venv "$environment" || fail "could not create the virtual environment $environment."
fi
"$environment/bin/python" -m pip install --disable-pip-version-check --quiet -r "$pins" \
    || fail "pip could not install $(grep -v '^#' "$pins" | tr '\n' ' '); is a package index reachable?"
cp "$pins" "$stamp"
"$environment/bin/python" -c 'import optuna; print("Installed Optuna", optuna.__version__)'
