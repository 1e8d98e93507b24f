"""Tabulated tuning of networks (format tabular-v1)."""

import csv
import gzip
import json
import pathlib

from tasks.task import Task


def tabular(folder):
    """The tasks of every family under `folder`; ordinals are integers 0...k-1 for all sides."""
    tasks = []
    for meta in sorted(pathlib.Path(folder).glob("*/meta.json")):
        about = json.loads(meta.read_text())
        parameters = [
            p if p["type"] == "categorical"
            else {"name": p["name"], "type": "int", "low": 0, "high": len(p["choices"]) - 1}
            for p in about["parameters"]]
        places = [{(c if isinstance(c, str) else float(c)): i for i, c in enumerate(p["choices"])}
                  for p in about["parameters"]]
        for entry in about["tasks"]:
            best, median = entry["best_seed_mean"], entry["median_seed_mean"]
            tasks.append(Task(
                f"{about['family']}/{entry['name']}", "tabular", parameters,
                Table(meta.parent / entry["file"], parameters, places),
                lambda v, best=best, median=median: (v - best) / (median - best),
                maximize=about["direction"] == "maximize"))
    return tasks


class Table:
    """The mean over the seeds of a tabulated configuration; read when first asked."""

    def __init__(self, path, parameters, places):
        self.path, self.parameters, self.places, self.values = path, parameters, places, None

    def read(self):
        width = len(self.parameters)
        values = {}
        with gzip.open(self.path, "rt") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                key = tuple(
                    self.places[j][row[j] if self.parameters[j]["type"] == "categorical" else float(row[j])]
                    for j in range(width))
                seen = [float(v) for v in row[width:] if v]
                values[key] = sum(seen) / len(seen)
        return values

    def __call__(self, params):
        if self.values is None:
            self.values = self.read()
        return self.values[tuple(
            place[params[q["name"]]] if q["type"] == "categorical" else params[q["name"]]
            for q, place in zip(self.parameters, self.places))]
