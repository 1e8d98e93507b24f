"""check.py TRIALS.json EPOCHS TRAINED.txt STOPS: every trial is trained to its end, and what was stopped went on."""

import collections
import json
import sys

trials = json.load(open(sys.argv[1]))
epochs, stops = int(sys.argv[2]), int(sys.argv[4])
for trial in trials:
    assert trial["state"] == "complete" and trial["epoch"] == epochs, trial
counts = collections.Counter(tuple(line.split()[:2]) for line in open(sys.argv[3]))
assert set(counts) == {(str(t["number"]), str(e)) for t in trials for e in range(1, epochs + 1)}, counts
again = sum(counts.values()) - len(trials) * epochs
attempts = sum(trial["attempts"] for trial in trials) - len(trials)
assert attempts >= stops, f"{attempts} attempts more than trials, after {stops} stops"
# Of each attempt that was stopped at most the epoch under way is trained again.
assert again <= attempts, f"{again} epochs were trained twice in {attempts} further attempts"
print(f"{len(trials)} trials of {epochs} epochs, {attempts} further attempts, {again} epochs trained twice")
