#!/usr/bin/env bash
# test-python.sh [PYTHON...]: the tests of the Python package, from the wheel in dist/ in a new environment for each
# interpreter; by default all of 3.9 and newer that pyenv or the path has. Of an interpreter in a virtual environment the
# packages are there too: Benchmarks/peers/frameworks/.venv/bin/python, which Benchmarks/peers/install.sh frameworks makes,
# has all libraries that the package goes with. Tests of what is not there are skipped. With ENDS=1 only the oldest and the newest of all are
# taken. PYTEST has further words for pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

wheel=$(ls dist/outerloop-*.whl 2>/dev/null | tail -1)
[ -n "$wheel" ] || { echo "error: there is no wheel in dist" >&2; echo "hint: make wheel" >&2; exit 1; }
pythons=("$@")
if [ ${#pythons[@]} -eq 0 ]; then
  for minor in 9 10 11 12 13 14; do
    found=$(ls -d "$HOME"/.pyenv/versions/3.$minor.*/bin/python 2>/dev/null | tail -1 || true)
    [ -n "$found" ] || found=$(command -v "python3.$minor" || true)
    [ -z "$found" ] || pythons+=("$found")
  done
fi
[ -z "${ENDS:-}" ] || [ ${#pythons[@]} -lt 3 ] || pythons=("${pythons[0]}" "${pythons[-1]}")
[ ${#pythons[@]} -gt 0 ] || { echo "error: there is no Python 3.9 or newer" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without the sources beside them, tests see what was installed.
cp -r Python/tests "$work/tests"
mkdir "$work/Documentation"
cp Documentation/python.md "$work/Documentation/"
cp README.md "$work/"
status=0
for python in "${pythons[@]}"; do
  version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  rm -rf "$work/environment"
  "$python" -m venv "$work/environment"
  others=$("$python" -c 'import sys, sysconfig
if sys.prefix != sys.base_prefix: print(sysconfig.get_path("purelib"))')
  [ -z "$others" ] ||
    echo "$others" >"$("$work/environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/others.pth"
  "$work/environment/bin/pip" install --disable-pip-version-check --quiet "$wheel" pytest mypy ${MODULES:-ConfigSpace numpy}
  echo "Python $version"
  (cd "$work" && env -u OUTERLOOP_COMMAND OUTERLOOP_DOCUMENTATION="$work/Documentation" \
    "$work/environment/bin/python" -m pytest -q -p no:cacheprovider ${PYTEST:-} tests) || status=1
done
# What the README and the pages for those who come from elsewhere show, with the last of them.
OUTERLOOP_COMMAND=$work/environment/bin/outerloop "$work/environment/bin/python" Scripts/check-documents.py || status=1
exit $status
