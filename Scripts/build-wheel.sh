#!/usr/bin/env bash
# build-wheel.sh: dist/outerloop-VERSION-py3-none-PLATFORM.whl, which holds the command and the Python package. PLATFORM is
# what auditwheel finds. PYTHON names the interpreter to build with (default python3), CONFIGURATION how the command is
# built (default release).
set -euo pipefail
cd "$(dirname "$0")/.."

configuration=${CONFIGURATION:-release}
tools=$PWD/Python/.venv
if ! "$tools/bin/python" -c 'import hatchling, auditwheel, build' 2>/dev/null; then
  rm -rf "$tools"
  "${PYTHON:-python3}" -m venv "$tools"
  "$tools/bin/pip" install --disable-pip-version-check --quiet hatchling auditwheel build
fi

static=()
[ "$configuration" = debug ] || static=(--static-swift-stdlib)
swift build -c "$configuration" "${static[@]}" --product outerloop
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bash Scripts/wheel/link.sh ".build/$configuration" "$work/outerloop"

wheel() {
  OUTERLOOP_BINARY=$work/outerloop OUTERLOOP_PLATFORM=$1 \
    "$tools/bin/python" -m build --no-isolation --wheel --outdir "$2" Python >/dev/null
}
# What it needs of the system says on which systems it runs.
mkdir "$work/plain"
wheel "linux_$(uname -m)" "$work/plain"
platform=$("$tools/bin/auditwheel" show "$work"/plain/*.whl | grep -o 'manylinux_[0-9_]*_[a-z0-9_]*' | head -1 || true)
mkdir -p dist
rm -f dist/outerloop-*.whl
wheel "${platform:-linux_$(uname -m)}" "$PWD/dist"
ls -l "$work/outerloop" dist/outerloop-*.whl | awk '{printf "%.1f MB  %s\n", $5 / 1e6, $9}'
