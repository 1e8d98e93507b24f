#!/usr/bin/env bash
# test-network.sh [KILLS]: a search by workers on eight hosts (network namespaces) whose network, PostgreSQL server, disk and
# processes fail again and again; afterwards nothing may be lost. Tests/Network/survive.py says what happens. With 60 kills
# (the default) it takes three minutes, with 1000 some ten. Linux, as root; elsewhere it says what is missing, and is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-60}
shift || true
if [ "$(id -u)" = 0 ] && [ ! -e /usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 ] && command -v apt-get >/dev/null; then
  # Clocks of hosts that are wrong; the test goes without.
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libfaketime >/dev/null 2>&1 || true
fi
exec python3 Tests/Network/survive.py --kills "$kills" "$@"
