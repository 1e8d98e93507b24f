#!/bin/sh
# install.sh PEER: installs what PEER/requirements.txt pins into PEER/.venv (ignored by git). Safe to
# run again: does nothing when the pinned versions are already there.
# PYTHON names the interpreter to use (default python3).
set -eu

peers=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
peer=${1:-}
bare=
case $peer in
    jax) modules="jax numpy" ;;
    gradhpo) modules="gradhpo jax numpy" ;;
    optuna) modules="optuna numpy" ;;
    cmaes) modules="cmaes numpy scipy" ;;
    pymoo) modules="pymoo numpy" ;;
    cleanlab) modules="cleanlab sklearn numpy" ;;
    dashboard) modules="optuna optuna_dashboard playwright" ;;
    coco) modules="cocoex scipy numpy" ;;
    samplers) modules="optuna torch scipy" ;;
    hebo) modules="hebo torch numpy" ;;
    smac) modules="smac numpy" ;;
    ax) modules="ax botorch torch" ;;
    # Keras is not imported here: it looks for a backend that it is told of.
    frameworks) modules="ConfigSpace sklearn xgboost lightgbm lightning torch pandas polars ipykernel nbclient" ;;
    ray) modules="ray" ;;
    hpo4dl) modules="hpo4dl torch gpytorch ConfigSpace" bare="$peers/hpo4dl/no-dependencies.txt" ;;
    *)
        echo "install.sh: no peer '$peer'; use jax, gradhpo, optuna, cmaes, pymoo, cleanlab, dashboard, coco, samplers, hebo, smac, ax, frameworks, ray or hpo4dl." >&2
        exit 1 ;;
esac
exec sh "$peers/../../Scripts/python-environment.sh" "$peer" "$peers/$peer/.venv" \
    "$peers/$peer/requirements.txt" "$modules" "$bare"
