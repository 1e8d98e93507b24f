#!/usr/bin/env bash
# build-wheel.sh: dist/outerloop-VERSION-py3-none-PLATFORM.whl, which holds the command and the Python package.
#
# The command is built with Swift's libraries, SQLite, zlib and the C++ library inside, stripped, and without the data of
# ICU, which nothing here reads. What is left comes with every Linux of the platform that auditwheel finds.
# PYTHON names the interpreter to build with (default python3).
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
tools=Python/.venv
if ! "$tools/bin/python" -c 'import hatchling, auditwheel, build' 2>/dev/null; then
  rm -rf "$tools"
  "$python" -m venv "$tools"
  "$tools/bin/pip" install --disable-pip-version-check --quiet hatchling auditwheel build
fi

# Static archives under a folder of their own: the linker would take the shared ones beside them.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for library in libsqlite3.a libz.a; do
  path=$(cc -print-file-name="$library")
  [ -e "$path" ] || { echo "error: $library is not installed" >&2; echo "hint: sudo apt-get install libsqlite3-dev zlib1g-dev" >&2; exit 1; }
  ln -s "$path" "$work/$library"
done

make -s require
swift build -c release --static-swift-stdlib --product outerloop \
  -Xlinker "-L$work" -Xlinker --gc-sections -Xlinker --icf=safe -Xlinker -static-libstdc++
mkdir -p dist
cp .build/release/outerloop "$work/outerloop"
strip "$work/outerloop"

# What it needs of the system says on which systems it runs.
OUTERLOOP_BINARY=$work/outerloop OUTERLOOP_PLATFORM=linux_$(uname -m) \
  "$tools/bin/python" -m build --no-isolation --wheel --outdir "$work" Python >/dev/null
platform=$("$tools/bin/auditwheel" show "$work"/outerloop-*.whl | tr '\n' ' ' | grep -o 'manylinux_[0-9_]*_[a-z0-9_]*' | head -1)
[ -n "$platform" ] || platform=linux_$(uname -m)
rm -f dist/outerloop-*.whl
OUTERLOOP_BINARY=$work/outerloop OUTERLOOP_PLATFORM=$platform \
  "$tools/bin/python" -m build --no-isolation --wheel --outdir dist Python >/dev/null
du -h "$work/outerloop" | awk '{print "command " $1}'
du -h dist/outerloop-*.whl | awk '{print $2 " " $1}'
