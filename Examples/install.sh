#!/bin/sh
# install.sh sklearn | timm: installs what Requirements/NAME.txt pins into the virtual environment .venv/NAME (ignored by
# git). Safe to run again: does nothing when the pinned versions are already there.
# PYTHON names the interpreter to use (default python3).
set -eu

examples=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
fail() { echo "install.sh: $*" >&2; exit 1; }

name=${1:-}
case $name in
    sklearn) import="sklearn" ;;
    timm) import="torch" ;;
    *) fail "no environment '$name'; use sklearn or timm." ;;
esac
environment="$examples/.venv/$name"
pins="$examples/Requirements/$name.txt"
stamp="$environment/.requirements"
python=${PYTHON:-python3}

if cmp -s "$pins" "$stamp" && "$environment/bin/python" -c "import $import" 2>/dev/null; then
    echo "$name is already installed in $environment."
    exit 0
fi

command -v "$python" >/dev/null 2>&1 || fail "no $python on the path; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old for the pinned packages; install Python 3.11 or newer, or set PYTHON."
"$python" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "$python lacks venv or pip (ensurepip). On Debian and Ubuntu: apt-get install python3-venv python3-pip"

if ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$environment"
    "$python" -m venv "$environment" || fail "could not create the virtual environment $environment."
fi
"$environment/bin/python" -m pip install --disable-pip-version-check --quiet -r "$pins" \
    || fail "pip could not install $(grep -v '^#' "$pins" | tr '\n' ' '); is a package index reachable?"
"$environment/bin/python" -c "import $import"
cp "$pins" "$stamp"
echo "Installed $(grep -v '^#' "$pins" | tr '\n' ' ')in $environment."
