#!/usr/bin/env bash
# The program in the README is the one that is built and run in Examples/.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! diff <(awk '/^```swift$/ {inside = 1; next} /^```$/ {if (inside) exit} inside' README.md) \
  Examples/Sources/Quickstart/main.swift; then
  echo "error: the first program of README.md differs from Examples/Sources/Quickstart/main.swift" >&2
  exit 1
fi
