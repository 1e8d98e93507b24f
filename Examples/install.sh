#!/bin/sh
# install.sh sklearn | timm: installs what Requirements/NAME.txt pins into the virtual environment .venv/NAME (ignored by
# git). Safe to run again: does nothing when the pinned versions are already there.
# PYTHON names the interpreter to use (default python3).
set -eu

examples=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
name=${1:-}
case $name in
    sklearn) modules="sklearn" ;;
    timm) modules="torch" ;;
    *) echo "install.sh: no environment '$name'; use sklearn or timm." >&2; exit 1 ;;
esac
exec sh "$examples/../Scripts/python-environment.sh" "$name" "$examples/.venv/$name" \
    "$examples/Requirements/$name.txt" "$modules"
