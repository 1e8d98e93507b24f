"""What has to hold of a study after everything that happened to it. Standard library only."""

import collections
import json

EPOCHS = 6
# How often a trial may lose its worker until it counts as failed.
ATTEMPTS = 3


class Broken(Exception):
    """Laws that do not hold."""


def check_search(query, journal):
    """The search: `query` answers SQL about its database, `journal` has what the programs were about to say."""
    wrong = []

    def expect(holds, text):
        if not holds and len(wrong) < 20:
            wrong.append(text)

    study, = (int(row[0]) for row in query("SELECT id FROM outerloop.studies WHERE name = 'search'"))
    events = query(f"SELECT revision, time, trial, kind, attempt, epoch, body FROM outerloop.events WHERE study = {study} ORDER BY revision")
    revisions = [int(event[0]) for event in events]
    expect(revisions == list(range(1, len(events) + 1)), "the revisions of events have gaps")
    times = [float(event[1]) for event in events]
    expect(times == sorted(times), "times and revisions are in different orders")

    x, attempts, reports, saved, ended = {}, collections.defaultdict(list), {}, set(), collections.Counter()
    for revision, _, trial, kind, attempt, epoch, body in events:
        trial, at = int(trial), f"event {revision} of trial {trial}"
        if kind in ("suggested", "enqueued"):
            expect(trial == len(x), f"{at}: the number is {'used twice' if trial in x else 'out of order'}")
            x[trial] = json.loads(body)["x"]
        elif kind == "claimed":
            expect(int(attempt) == len(attempts[trial]) + 1, f"{at}: attempt {attempt} is out of order")
            attempts[trial].append(body)
        elif kind == "reported":
            value = json.loads(body)["values"]["loss"]
            expect(value == x[trial] * 1000 + int(epoch), f"{at}: {value} is not of x = {x[trial]}, epoch {epoch}")
            expect((trial, int(epoch)) in journal.said, f"{at}: nobody said epoch {epoch}")
            expect((trial, int(attempt), int(epoch)) not in reports, f"{at}: reported twice")
            reports[trial, int(attempt), int(epoch)] = value
        elif kind == "checkpointed":
            saved.add((trial, int(epoch)))
        elif kind in ("complete", "pruned", "failed"):
            ended[trial] += 1
    expect(all(count == 1 for count in ended.values()), "a trial ended twice")
    for trial, epoch in journal.went_on_from:
        expect((trial, epoch) in saved, f"trial {trial} went on from epoch {epoch}, which the store has lost")

    trials = query(f"SELECT number, state, reason, objective, lease_until FROM outerloop.trials WHERE study = {study} ORDER BY number")
    expect([int(row[0]) for row in trials] == list(range(len(trials))) == sorted(x), "trials are missing")
    kept = collections.defaultdict(dict)
    for trial, epoch, value in query(f"SELECT trial, epoch, value FROM outerloop.reports WHERE study = {study}"):
        kept[int(trial)][int(epoch)] = float(value)
    states = collections.Counter()
    for number, state, reason, objective, lease in trials:
        number = int(number)
        states[state] += 1
        expect(not lease, f"trial {number} is still leased")
        for epoch, value in kept[number].items():
            expect(value == x[number] * 1000 + epoch, f"trial {number} has {value} at epoch {epoch}")
        if state == "complete":
            expect(sorted(kept[number]) == list(range(1, EPOCHS + 1)), f"trial {number} has epochs {sorted(kept[number])}")
            expect(float(objective) == x[number] * 1000 + EPOCHS, f"trial {number} has the objective {objective}")
        elif state == "failed":
            expect(reason == "lost", f"trial {number} failed: {reason}")
            expect(len(attempts[number]) >= ATTEMPTS, f"trial {number} is lost after {len(attempts[number])} attempts")
        else:
            expect(False, f"trial {number} is stuck: {state}")
    if wrong:
        raise Broken("\n".join(wrong))
    again = sum(len(found) - 1 for found in attempts.values())
    return f"{len(trials)} trials ({dict(states)}), {len(events)} events, {again} further attempts"


def check_writers(query, lines):
    """Writers that print what was answered: all of it is in the store."""
    wrong = []
    said = collections.defaultdict(list)
    for line in lines:
        what, *numbers = line.split()
        if what in ("added", "claimed", "reported", "finished"):
            said[what].append(tuple(map(int, numbers)))
    found = query("SELECT id FROM outerloop.studies WHERE name = 's'")
    study = int(found[0][0]) if found else 0
    events = query(f"SELECT revision, trial, kind, attempt, epoch FROM outerloop.events WHERE study = {study} ORDER BY revision")
    if [int(event[0]) for event in events] != list(range(1, len(events) + 1)):
        wrong.append("the revisions of events have gaps")
    if len(set(said["added"])) != len(said["added"]):
        wrong.append("a number was given twice")
    kept = collections.defaultdict(list)
    for _, trial, kind, attempt, epoch in events:
        ending = "finished" if kind in ("complete", "pruned", "failed") else kind
        values = {"suggested": (trial,), "claimed": (trial, attempt), "reported": (trial, attempt, epoch),
                  "finished": (trial, attempt)}.get(ending)
        if values:
            kept[ending].append(tuple(map(int, values)))
    for what, there in (("added", "suggested"), ("claimed", "claimed"), ("reported", "reported"), ("finished", "finished")):
        lost = set(said[what]) - set(kept[there])
        if lost:
            wrong.append(f"{len(lost)} that were {what} are lost: {sorted(lost)[:5]}")
    if len(set(kept["claimed"])) != len(kept["claimed"]):
        wrong.append("an attempt was given twice")
    if len({trial for trial, _ in kept["finished"]}) != len(kept["finished"]):
        wrong.append("a trial ended twice")
    if wrong:
        raise Broken("\n".join(wrong))
    return f"{len(said['reported'])} answered reports of {len(said['added'])} trials, all there"


class Journal:
    def __init__(self, path):
        self.said, self.went_on_from = set(), []
        for line in open(path):
            words = line.split()
            # A program that is killed may leave half a line behind.
            if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
                continue
            trial, epoch = int(words[1]), int(words[2])
            if words[0] == "said":
                self.said.add((trial, epoch))
            elif words[0] == "began" and epoch > 0:
                self.went_on_from.append((trial, epoch))
