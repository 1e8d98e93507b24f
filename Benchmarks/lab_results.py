#!/usr/bin/env python3
"""Keeps the numbers of experiments: what `outerloop lab` left in folders goes to results/lab.

    outerloop lab report --out site            # or one by one: outerloop lab mnist --data mnist --out site/mnist-full
    python3 Benchmarks/lab_results.py site

Each folder of `site` that has a result.json becomes results/lab/FOLDER.{json,md}; results/lab/README.md lists all that
are kept there, with their commands, how long their runs took, and the claims that failed.
"""

import argparse
import json
import pathlib
import shutil

from hypergradients import HERE, processor

KEPT = HERE / "results" / "lab"


def holds(claim):
    """A bound that is null is infinite; a measured value that is null is no number."""
    lower, measured, upper = claim["lower"], claim["measured"], claim["upper"]
    return measured is not None and (lower is None or lower <= measured) and (upper is None or measured <= upper)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=pathlib.Path, help="the folder that has a folder for each experiment")
    site = parser.parse_args().site
    found = sorted(site.glob("*/result.json"))
    if not found:
        raise SystemExit(f"{site}: no folder in it has a result.json; name the --out folder of `outerloop lab report`")
    KEPT.mkdir(exist_ok=True)
    for result in found:
        record = json.loads(result.read_text())
        record["processor"] = processor()
        name = result.parent.name
        (KEPT / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        shutil.copyfile(result.with_suffix(".md"), KEPT / f"{name}.md")
    rows = []
    for path in sorted(KEPT.glob("*.json")):
        record = json.loads(path.read_text())
        claims = record["claims"]
        failed = [claim["statement"] for claim in claims if not holds(claim)]
        rows.append(
            f"| [{path.stem}]({path.stem}.md) | `{record['command']}` | {len(claims) - len(failed)} of {len(claims)} "
            f"| {'; '.join(failed)} | {record['seconds']:.0f} | {record['processor']} |")
    (KEPT / "README.md").write_text("\n".join([
        "# Full runs of the laboratory", "",
        "    outerloop lab report --out site && python3 Benchmarks/lab_results.py site", "",
        "| experiment | command | claims that hold | those that do not | seconds | processor |",
        "|---|---|--:|---|--:|---|", *rows, ""]))
    print(f"{len(found)} results are in {KEPT}")


if __name__ == "__main__":
    main()
