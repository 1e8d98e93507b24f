#!/usr/bin/env python3
"""Races a suggestion of dyhpo against HPO4DL's, after the same history.

    Benchmarks/peers/install.sh hpo4dl                      # once: HPO4DL in peers/hpo4dl/.venv
    swift build -c release --package-path Benchmarks --product search-bench
    python3 Benchmarks/dyhpo_speed.py [--observed 30,500] [--steps 5] [--schedulers dyhpo,dpl,freeze-thaw]
        [--threads 0]

A history of so many epochs (`peers/hpo4dl/steps.py`: 1,000 configurations of three parameters, 50 epochs) is told to each
side, then trials go on for an epoch each. A time is that of a suggestion and its report. HPO4DL trains its model
after every report; ours does when reports have grown by a share, so that its times are of as many steps as bring
one such training at least, and the mean counts. The first, which fits the model of all the history, is reported alone. The
goal is a mean 50 times shorter. The table is printed. Standard library only.
"""
import argparse
import json
import os
import statistics
import subprocess

from hypergradients import HERE, environment, fail

PEER = HERE / "peers" / "hpo4dl"
OURS = HERE / ".build" / "release" / "search-bench"


def execute(command, text=None):
    done = subprocess.run(
        list(map(str, command)), input=text, capture_output=True, text=True, env=environment(), cwd=PEER)
    if done.returncode != 0:
        fail(f"{command[0]}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--observed", default="30,500")
    parser.add_argument("--steps", type=int, default=5, help="of HPO4DL")
    parser.add_argument("--schedulers", default="dyhpo,dpl,freeze-thaw")
    parser.add_argument("--threads", type=int, default=0, help="of HPO4DL; 0: all cores")
    given = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}")
    print("| epochs observed | | ms per suggestion | first, ms | HPO4DL / ours |")
    print("|--:|---|--:|--:|--:|")
    for observed in map(int, given.observed.split(",")):
        peer = execute([PEER / ".venv" / "bin" / "python", "steps.py", "--observed", observed, "--steps",
                        given.steps, "--threads", given.threads])
        theirs = 1000 * statistics.mean(peer["seconds"])
        print(f"| {observed} | HPO4DL | {theirs:.1f} | | |")
        history = json.dumps({key: value for key, value in peer.items() if key != "seconds"})
        for scheduler in given.schedulers.split(","):
            steps = max(observed // 4, 20)
            ours = execute([OURS, "epochs", "--scheduler", scheduler, "--steps", steps], history)["seconds"]
            mean = 1000 * statistics.mean(ours[1:])
            print(f"| {observed} | {scheduler} | {mean:.2f} | {1000 * ours[0]:.1f} | {theirs / mean:.0f} |")


if __name__ == "__main__":
    main()
