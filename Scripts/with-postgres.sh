#!/usr/bin/env bash
# with-postgres.sh COMMAND...: runs a command with a PostgreSQL server of its own, in a temporary folder, which is gone
# afterwards. OUTERLOOP_TEST_POSTGRES is the URL of an empty database for it. Exits with 77 where PostgreSQL is not installed.
set -euo pipefail

bin=
for place in "${OUTERLOOP_PG_BIN:-}" ${PATH//:/ } $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
  if [ -n "$place" ] && [ -x "$place/initdb" ] && [ -x "$place/pg_ctl" ]; then bin=$place && break; fi
done
if [ -z "$bin" ]; then
  echo "PostgreSQL is not installed: make postgres, or name its programs by OUTERLOOP_PG_BIN" >&2
  exit 77
fi
folder=$(mktemp -d /tmp/outerloop-pg-XXXXXX)
user=()
# A server does not run as root.
if [ "$(id -u)" = 0 ]; then
  account=postgres
  id "$account" >/dev/null 2>&1 || account=nobody
  user=(setpriv "--reuid=$(id -u "$account")" "--regid=$(id -g "$account")" --clear-groups --)
  chown "$account" "$folder"
fi
end() {
  (cd / && "${user[@]}" "$bin/pg_ctl" stop -m immediate -s -w -D "$folder/data") || true
  rm -rf "$folder"
}
trap end EXIT
(
  cd /
  "${user[@]}" "$bin/initdb" -D "$folder/data" -U test --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
  printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\n" "$folder" |
    "${user[@]}" tee -a "$folder/data/postgresql.conf" >/dev/null
  "${user[@]}" "$bin/pg_ctl" start -s -w -D "$folder/data" -l "$folder/log"
)
OUTERLOOP_TEST_POSTGRES="postgres:///postgres?host=$folder&user=test" "$@"
