#!/usr/bin/env bash
# link.sh FOLDER OUTPUT: links the command out of the objects in FOLDER (.build/release), with Swift's libraries, SQLite,
# zlib and the C++ library inside, and without the data of ICU; stripped.
set -euo pipefail
folder=$1 output=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

swift=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
libraries=$swift/lib/swift_static/linux
# Static archives under a folder of their own: the linker would take the shared ones beside them.
for library in libsqlite3.a libz.a libstdc++.a; do
  path=$(cc -print-file-name="$library")
  if [ ! -e "$path" ]; then
    echo "error: $library is not installed" >&2
    echo "hint: sudo apt-get install libsqlite3-dev zlib1g-dev g++" >&2
    exit 1
  fi
  ln -s "$path" "$work/$library"
done
icu=$(nm "$libraries/lib_FoundationICU.a" 2>/dev/null | grep -o -m 1 'icudt[0-9]*_dat' | tr -dc 0-9 || true)
[ -n "$icu" ] || { echo "error: $libraries/lib_FoundationICU.a has no data of ICU" >&2; exit 1; }
cc -O2 "-DICU_VERSION=$icu" -c Scripts/wheel/icu_without_data.c -o "$work/icu.o"
cc -O2 -fno-builtin -c Scripts/wheel/older_glibc.c -o "$work/glibc.o"

foundation=()
for name in Foundation CoreFoundation _FoundationCShims _FoundationCollections FoundationInternationalization \
  FoundationEssentials _FoundationICU; do
  [ ! -e "$libraries/lib$name.a" ] || foundation+=("-l$name")
done
swiftc -static-stdlib -emit-executable -o "$work/outerloop" "$work/icu.o" "$work/glibc.o" \
  "@$folder/outerloop.product/Objects.LinkFileList" -L "$work" -Xlinker --gc-sections \
  -Xlinker --defsym=main=OuterloopCommand_main "${foundation[@]}" "${foundation[@]}" -lstdc++
strip -o "$output" "$work/outerloop"
