#!/usr/bin/env bash
# scan-dashboard.sh: two scanners over the dashboard of the command that was built last. Schemathesis makes requests from
# the API's own description, valid and invalid ones, and looks for errors of the server, statuses and types that do
# not fit, missing headers; Wapiti looks for injection, file disclosure and the like. SECONDS_OF_REQUESTS (60) is how long the
# former goes on. As root on Debian a missing Wapiti is installed; elsewhere it is left out, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=$PWD/Tests/Dashboard/scan/.venv
sh Scripts/python-environment.sh schemathesis "$environment" "$PWD/Tests/Dashboard/scan/requirements.txt" schemathesis
if ! command -v wapiti >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing wapiti." >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends wapiti >/dev/null
fi

command=${OUTERLOOP_COMMAND:-$(ls -t .build/release/outerloop .build/debug/outerloop 2>/dev/null | head -1 || true)}
[ -n "$command" ] || { echo "error: the command is not built" >&2; echo "hint: make run" >&2; exit 1; }
command=$(realpath "$command")

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
tune() { "$command" tune --store "$folder/studies.db" --quiet --trials 12 "$@" >/dev/null; }
tune --study 'one <b>' --param 'x=float(0, 1)' --param 'opt=choice(a, "<i>")' --minimize loss \
  -- sh -c 'echo "{\"loss\": {x}}"'
tune --study two --param 'x=float(0, 1)' --minimize a --minimize b -- sh -c 'echo "{\"a\": {x}, \"b\": 1}"'
tune --study failing --param 'x=float(0, 1)' --minimize loss -- sh -c 'exit 3' || true
"$command" dashboard --store "$folder/studies.db" --port 0 >"$folder/link" &
server=$!
for _ in $(seq 100); do [ -s "$folder/link" ] && break; sleep 0.1; done
link=$(cat "$folder/link")

# That a request which fits its description is never refused cannot be said of expressions (`where`), columns or parameters of
# a study, which a schema does not have. Streams of events do not end.
(cd "$folder" && "$environment/bin/st" run "${link}api/v1/openapi.json" --exclude-path-regex 'events$' --checks all \
  --exclude-checks positive_data_acceptance --continue-on-failure --max-time "${SECONDS_OF_REQUESTS:-60}" \
  --max-response-time 10)

# All but those that guess names of files from long lists, that are about headers of encrypted connections, or that ask a
# server elsewhere what reached it (ssrf, xxe).
attacks=backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,methods,permanentxss,redirect,sql,xss
if command -v wapiti >/dev/null; then
  wapiti --url "$link" --start "${link}api/v1/studies/1/trials?where=number<3&sort=number" \
    --start "${link}api/v1/studies/1/plots/history.svg?objective=loss" --start "${link}studies/1" \
    --module "$attacks" --scope domain --max-scan-time "${SECONDS_OF_REQUESTS:-60}" --flush-session --no-bugreport \
    --format json --output "$folder/found.json"
  python3 - "$folder/found.json" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
several = {kind: items for part in ("vulnerabilities", "anomalies") for kind, items in found[part].items() if items}
for kind, items in several.items():
    for item in items:
        print(f"{kind}: {item['method']} {item['path']}: {item['info']}")
sys.exit(bool(several))
END
  echo "Wapiti found nothing."
else
  echo "Wapiti is not installed: left out." >&2
fi
kill -0 "$server" || { echo "error: the server did not survive" >&2; exit 1; }
