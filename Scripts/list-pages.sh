#!/usr/bin/env bash
# list-pages.sh [--check]: writes Sources/COuterloopPages/pages.c, which puts all files of the folder `pages` into the
# binary; with --check, says whether it is as it should be.
set -euo pipefail
cd "$(dirname "$0")/../Sources/COuterloopPages"

list() {
  cat <<'HEAD'
// Written by Scripts/list-pages.sh.

#include "COuterloopPages.h"

HEAD
  local number=0
  for file in pages/*; do
    printf 'static const unsigned char page_%d[] = {\n#embed "%s"\n};\n\n' "$number" "$file"
    number=$((number + 1))
  done
  printf 'static const struct outerloop_page pages[] = {\n'
  number=0
  for file in pages/*; do
    printf '    {"%s", page_%d, sizeof page_%d},\n' "${file#pages/}" "$number" "$number"
    number=$((number + 1))
  done
  cat <<'TAIL'
};

const size_t outerloop_page_count = sizeof pages / sizeof pages[0];

const struct outerloop_page *outerloop_page(size_t place) {
  return place < outerloop_page_count ? &pages[place] : NULL;
}
TAIL
}

export LC_ALL=C
if [ "${1:-}" = --check ]; then
  list | cmp -s - pages.c || { echo "error: pages.c does not list the files of pages/" >&2; echo "hint: bash Scripts/list-pages.sh" >&2; exit 1; }
else
  list >pages.c
fi
