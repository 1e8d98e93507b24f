#!/usr/bin/env bash
# Installs what the tests of stores on a server need, PostgreSQL, as root on Debian; elsewhere it says what to install, and
# these tests are skipped. The tests start a server of their own: the package's is not needed, and none is created.
set -euo pipefail

if [ -n "${OUTERLOOP_PG_BIN:-}" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing postgresql." >&2
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends postgresql >/dev/null
else
  echo "note: PostgreSQL is not installed, and its tests are skipped" >&2
  echo "hint: sudo apt-get install postgresql, or name its programs by OUTERLOOP_PG_BIN" >&2
fi
