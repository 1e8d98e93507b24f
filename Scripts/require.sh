#!/usr/bin/env bash
# Installs what the build and the tests need beside the Swift toolchain: OpenBLAS, opened at run
# time, and the headers of zlib and SQLite. As root on Debian it installs them; otherwise it says what
# to install.
set -euo pipefail

missing=()
if [ "$(uname)" = Linux ]; then
  if ! ldconfig -p 2>/dev/null | grep -q 'libopenblas\.so\|libopenblasp' \
    && ! ls /usr/lib/*/libopenblas.so.0 /usr/lib*/libopenblas.so.0 >/dev/null 2>&1; then
    missing+=(libopenblas0-pthread)
  fi
  [ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
  [ -e /usr/include/sqlite3.h ] || missing+=(libsqlite3-dev)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]}." >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
  echo "error: ${missing[*]} not installed" >&2
  echo "hint: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
