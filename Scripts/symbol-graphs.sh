#!/usr/bin/env bash
# symbol-graphs.sh FOLDER: the public symbols of the products' modules, as symbol graphs in FOLDER, from the debug build
# (`swift build`). FOLDER is emptied first. Takes seconds: nothing is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: symbol-graphs.sh FOLDER}
modules=.build/debug/Modules
rm -rf "$folder"
mkdir -p "$folder"

# The C modules that Swift modules were built against.
maps=()
for map in Sources/C*/module.modulemap .build/debug/C*.build/module.modulemap \
  .build/checkouts/GRDB.swift/Sources/GRDBSQLite/module.modulemap; do
  if [ -f "$map" ]; then maps+=(-Xcc "-fmodule-map-file=$PWD/$map"); fi
done
if [ "$(uname)" = Darwin ]; then sdk=(-sdk "$(xcrun --show-sdk-path)"); else sdk=(); fi
target=$(swift -print-target-info | sed -n 's/^ *"triple": "\(.*\)",*$/\1/p' | head -1)

# The modules of Package.swift's libraries, and those that they re-export.
products=$(sed -n 's/^ *\.library(name: "\([A-Za-z]*\)".*/\1/p' Package.swift)
exported=$(sed -n 's/^@_exported public import \([A-Za-z]*\)$/\1/p' Sources/Outerloop/*.swift)
for module in $(printf '%s\n' $products $exported | sort -u); do
  if [ ! -f "$modules/$module.swiftmodule" ]; then
    echo "error: $modules/$module.swiftmodule is not there" >&2
    echo "hint: swift build" >&2
    exit 1
  fi
  swift symbolgraph-extract -module-name "$module" -target "$target" "${sdk[@]}" -I "$modules" "${maps[@]}" \
    -minimum-access-level public -skip-synthesized-members -output-dir "$folder"
done
