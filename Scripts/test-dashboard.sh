#!/usr/bin/env bash
# test-dashboard.sh [WORDS...]: the dashboard's pages in headless Chromium, against the command that was built last.
# WORDS go to pytest; by default all tests but those that measure. As root on Debian a missing browser is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && [ -z "${OUTERLOOP_CHROMIUM:-}" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium >/dev/null
  else
    echo "error: there is no Chromium" >&2
    echo "hint: sudo apt-get install chromium, or name one by OUTERLOOP_CHROMIUM" >&2
    exit 1
  fi
fi

environment=Tests/Dashboard/.venv
sh Scripts/python-environment.sh dashboard "$PWD/$environment" "$PWD/Tests/Dashboard/requirements.txt" "pytest playwright"

command=${OUTERLOOP_COMMAND:-$(ls -t .build/release/outerloop .build/debug/outerloop 2>/dev/null | head -1 || true)}
[ -n "$command" ] || { echo "error: the command is not built" >&2; echo "hint: make run" >&2; exit 1; }
[ $# -gt 0 ] || set -- Tests/Dashboard --ignore Tests/Dashboard/test_speed.py
OUTERLOOP_COMMAND=$(realpath "$command") exec "$environment/bin/python" -m pytest -q -p no:cacheprovider "$@"
