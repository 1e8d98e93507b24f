#!/usr/bin/env bash
# The arrow of dependencies: which rooms a room may import. Anything else is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed() {
  case "$1" in
    OuterloopNumerics) echo COuterloopKernels ;;
    OuterloopAutodiff) echo COuterloopKernels OuterloopNumerics ;;
    OuterloopLearning) echo CZlib OuterloopAutodiff OuterloopNumerics ;;
    OuterloopFetch) echo OuterloopLearning OuterloopFiles COuterloopCurl ;;
    OuterloopBilevel) echo OuterloopLearning OuterloopAutodiff OuterloopNumerics ;;
    OuterloopPlatform) echo ;;
    OuterloopFoundation) echo ;;
    OuterloopText) echo ;;
    OuterloopFiles) echo ;;
    OuterloopStudy) echo ;;
    OuterloopSpaces) echo OuterloopStudy ;;
    OuterloopSearch) echo OuterloopStudy OuterloopAutodiff OuterloopNumerics ;;
    OuterloopRunner) echo OuterloopStudy COuterloopProcess ;;
    OuterloopStore) echo OuterloopStudy OuterloopFiles ;;
    OuterloopPostgres) echo OuterloopStudy OuterloopStore COuterloopPQ ;;
    OuterloopCharts) echo OuterloopStudy OuterloopSearch ;;
    OuterloopDashboard) echo OuterloopStudy OuterloopSearch OuterloopCharts OuterloopStore OuterloopRunner COuterloopPages ;;
    OuterloopTuning) echo OuterloopStudy OuterloopSearch OuterloopCharts OuterloopFiles ;;
    OuterloopLab) echo OuterloopStudy OuterloopSearch OuterloopBilevel OuterloopLearning OuterloopAutodiff OuterloopNumerics OuterloopCharts OuterloopFiles OuterloopFoundation ;;
    OuterloopTesting) echo OuterloopStudy OuterloopBilevel OuterloopLearning OuterloopAutodiff OuterloopNumerics ;;
    Outerloop) echo OuterloopStudy OuterloopSearch OuterloopTuning OuterloopBilevel OuterloopLearning OuterloopAutodiff OuterloopNumerics ;;
    OuterloopCommand) echo OuterloopLab OuterloopTuning OuterloopDashboard OuterloopFetch OuterloopLearning OuterloopNumerics OuterloopCharts OuterloopBilevel OuterloopStudy OuterloopSearch OuterloopStore OuterloopPostgres OuterloopRunner OuterloopSpaces OuterloopFiles OuterloopFoundation ;;
    *) echo "error: Sources/$1 is not a room of Scripts/check-layers.sh" >&2; exit 1 ;;
  esac
}

status=0
for folder in Sources/Outerloop*; do
  room=$(basename "$folder")
  # The C library is everyone's, and so is what is said as text.
  may=" $(allowed "$room") OuterloopPlatform "
  [ "$room" = OuterloopPlatform ] || may+="OuterloopText "
  while read -r file import; do
    case "$may" in *" $import "*) ;; *)
      echo "error: $file imports $import, which $room may not know" >&2
      status=1 ;;
    esac
  done < <(grep -rEo '^[a-z @_]*import +(COuterloop[A-Za-z]*|CZlib|Outerloop[A-Za-z]*)' "$folder" \
    --include='*.swift' | sed -E 's/^([^:]+):.*import +/\1 /')
done
exit $status
