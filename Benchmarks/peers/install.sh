#!/bin/sh
# install.sh PEER: installs what PEER/requirements.txt pins into PEER/.venv (ignored by git). Safe to
# run again: does nothing when the pinned versions are already there.
# PYTHON names the interpreter to use (default python3).
set -eu

peers=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
fail() { echo "install.sh: $*" >&2; exit 1; }

peer=${1:-}
case $peer in
    jax) modules="jax numpy" ;;
    gradhpo) modules="gradhpo jax numpy" ;;
    optuna) modules="optuna numpy" ;;
    cmaes) modules="cmaes numpy scipy" ;;
    pymoo) modules="pymoo numpy" ;;
    cleanlab) modules="cleanlab sklearn numpy" ;;
    coco) modules="cocoex scipy numpy" ;;
    samplers) modules="optuna torch scipy" ;;
    hebo) modules="hebo torch numpy" ;;
    smac) modules="smac numpy" ;;
    ax) modules="ax botorch torch" ;;
    hpo4dl) modules="hpo4dl torch gpytorch ConfigSpace" ;;
    *) fail "no peer '$peer'; use jax, gradhpo, optuna, cmaes, pymoo, cleanlab, coco, samplers, hebo, smac, ax or hpo4dl." ;;
esac
environment="$peers/$peer/.venv"
python=${PYTHON:-python3}
pins="$peers/$peer/requirements.txt"
stamp="$environment/.requirements"
imports="import $(echo "$modules" | sed 's/ /, /g')"

if [ -x "$environment/bin/python" ] && cmp -s "$pins" "$stamp" \
    && "$environment/bin/python" -c "$imports" 2>/dev/null; then
    echo "$peer is already installed in $environment."
    exit 0
fi

command -v "$python" >/dev/null 2>&1 || fail "no $python on the path; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old for the pinned packages; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "$python lacks venv or pip (ensurepip). On Debian and Ubuntu: apt-get install python3-venv python3-pip"

if [ ! -x "$environment/bin/python" ] || ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$environment"
    "$python" -m venv "$environment" || fail "could not create the virtual environment $environment."
fi
"$environment/bin/python" -m pip install --disable-pip-version-check --quiet -r "$pins" \
    || fail "pip could not install $(grep -v '^#' "$pins" | tr '\n' ' '); is a package index reachable?"
bare="$peers/$peer/no-dependencies.txt"
if [ -f "$bare" ]; then
    "$environment/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps -r "$bare" \
        || fail "pip could not install $(grep -v '^#' "$bare" | tr '\n' ' '); is a package index reachable?"
fi
cp "$pins" "$stamp"
"$environment/bin/python" -c "$imports; print('Installed', *(f'{m.__name__} {getattr(m, \"__version__\", \"\")}' for m in ($(echo "$modules" | sed 's/ /, /g'))))"
