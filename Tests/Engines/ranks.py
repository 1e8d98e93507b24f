"""A training of several processes, each of which reports; the package lets rank 0 alone speak."""

import os

import outerloop

trial = outerloop.trial(defaults={"lr": 0.1})
rank = int(os.environ["SLURM_PROCID"])
print(f"rank {rank} of {os.environ['SLURM_NTASKS']}", flush=True)
trial.report(loss=trial.params["lr"] + rank)
