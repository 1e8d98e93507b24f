#!/bin/sh
# python-environment.sh NAME FOLDER REQUIREMENTS "MODULES" [BARE]: makes the virtual environment FOLDER with what the file
# REQUIREMENTS pins, and BARE without dependencies, in which MODULES can be imported. Safe to run again: does nothing when
# the pinned versions are already there. PYTHON names the interpreter to use (default python3).
set -eu

name=$1 environment=$2 pins=$3 modules=$4 bare=${5:-}
stamp="$environment/.requirements"
python=${PYTHON:-python3}
imports="import $(echo "$modules" | sed 's/ /, /g')"
fail() { echo "$name: $*" >&2; exit 1; }
pins() { grep -hv '^#' "$@" | tr '\n' ' '; }

if [ -x "$environment/bin/python" ] && cmp -s "$pins" "$stamp" \
    && "$environment/bin/python" -c "$imports" 2>/dev/null; then
    echo "$name is already installed in $environment."
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
install() {
    "$environment/bin/python" -m pip install --disable-pip-version-check --quiet "$@" \
        || fail "pip could not install $(pins "$pins" ${bare:+"$bare"}); is a package index reachable?"
}
install -r "$pins"
[ -z "$bare" ] || install --no-deps -r "$bare"
"$environment/bin/python" -c "$imports" || fail "what was installed in $environment cannot be imported."
cp "$pins" "$stamp"
echo "Installed $(pins "$pins" ${bare:+"$bare"})in $environment."
