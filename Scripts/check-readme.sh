#!/usr/bin/env bash
# The programs in the README are those that are built and run in Examples/, in this order.
set -euo pipefail
cd "$(dirname "$0")/.."
number=0
for name in Search Quickstart; do
  number=$((number + 1))
  if ! diff <(awk -v want="$number" '/^```swift$/ {if (++seen == want) {inside = 1; next}}
      /^```$/ {inside = 0} inside' README.md) "Examples/Sources/$name/main.swift"; then
    echo "error: program $number of README.md differs from Examples/Sources/$name/main.swift" >&2
    exit 1
  fi
done

# Those of Documentation/gradients.md are the recipes there.
number=0
for name in WeightDecay RateSchedule ExampleWeights InitialWeights LogisticRegression Online CustomStep \
  Comparison NamedHyperparameters Evidence; do
  number=$((number + 1))
  if ! diff <(awk -v want="$number" '/^```swift$/ {if (++seen == want) {inside = 1; next}}
      /^```$/ {inside = 0} inside' Documentation/gradients.md) "Examples/Sources/Recipes/$name.swift"; then
    echo "error: program $number of Documentation/gradients.md differs from Examples/Sources/Recipes/$name.swift" >&2
    exit 1
  fi
done
