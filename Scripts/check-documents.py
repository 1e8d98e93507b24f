#!/usr/bin/env python3
"""check-documents.py [PAGE...]: runs what the pages show, by default README.md and those of Documentation/.

The blocks of a page run in order in one temporary folder. A `python` block is written to the file that its first line
names (`# train.py`) and run, unless a `sh` block of the page runs that file. A block without a language that
follows is what was printed, compared but for its numbers. Python blocks whose imports are not installed are
skipped, and named. `<!-- not run: REASON -->` on the line before a block leaves it out.

OUTERLOOP_COMMAND names the command (default .build/debug/outerloop). The Python package is that of Python/src.
"""

import ast
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(<!-- not run: .*? -->\n)?```(\w*)\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")


def form(text):
    """The text without its numbers, which are those of the machine."""
    return [NUMBER.sub("0", line).rstrip() for line in text.strip().splitlines()]


def missing_imports(program):
    names = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return sorted(name for name in names if importlib.util.find_spec(name) is None)


def check(page, folder, environment):
    """Runs the blocks of a page in a folder; returns how many ran, and how many failed."""
    text = page.read_text(encoding="utf-8")
    blocks = list(FENCE.finditer(text))
    shell = "\n".join(block[3] for block in blocks if block[2] == "sh")
    ran, failed, printed = 0, 0, None
    for block in blocks:
        skipped, language, body = block.groups()
        where = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
        if language == "" and printed is not None and not skipped:
            if form(body) != form(printed):
                failed += 1
                print(f"error: {where}: the page shows\n{body}and this was printed\n{printed}", file=sys.stderr)
            printed = None
            continue
        printed = None
        if skipped or language not in ("python", "sh"):
            continue
        words = ["sh", "-ec", body]
        if language == "python":
            first = body.split("\n", 1)[0]
            name = first[2:] if re.fullmatch(r"# [\w-]+\.py", first) else "block.py"
            (folder / name).write_text(body, encoding="utf-8")
            if re.search(r"(?<![\w-])" + re.escape(name), shell):
                continue
            missing = missing_imports(body)
            if missing:
                print(f"{where}: skipped, since {', '.join(missing)} is not installed", file=sys.stderr)
                continue
            words = [sys.executable, name]
        try:
            ending = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            ran, failed = ran + 1, failed + 1
            print(f"error: {where}: no end after two minutes", file=sys.stderr)
            continue
        ran += 1
        printed = ending.stdout
        if ending.returncode != 0:
            failed += 1
            print(f"error: {where}: status {ending.returncode}\n{ending.stderr[-2000:]}", file=sys.stderr)
    return ran, failed


def main():
    command = os.environ.get("OUTERLOOP_COMMAND") or ROOT / ".build/debug/outerloop"
    command = pathlib.Path(command).resolve()
    if not os.access(command, os.X_OK):
        sys.exit(f"error: {command} is not there\nhint: swift build --product outerloop")
    # Blocks see the package of this repository, as they would the installed one.
    sys.path.insert(0, str(ROOT / "Python/src"))
    pages = [pathlib.Path(name).resolve() for name in sys.argv[1:]] or [
        ROOT / "README.md",
        # What tuning-a-program.md shows is run by a test of the command, which looks at its results too.
        *(page for page in sorted((ROOT / "Documentation").glob("*.md")) if page.name != "tuning-a-program.md"),
    ]
    total, status = 0, 0
    for page in pages:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "page"
            programs = pathlib.Path(name) / "bin"
            folder.mkdir()
            programs.mkdir()
            (programs / "outerloop").symlink_to(command)
            for python in ("python", "python3"):
                # A link would leave the interpreter's environment.
                (programs / python).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
                (programs / python).chmod(0o755)
            environment = {
                **os.environ,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "OUTERLOOP_COMMAND": str(command),
                "PYTHONPATH": str(ROOT / "Python/src"),
            }
            ran, failed = check(page, folder, environment)
            if ran:
                print(f"{page.relative_to(ROOT)}: {ran} blocks ran, {failed} failed")
            total, status = total + ran, status or int(failed > 0)
    if total == 0:
        sys.exit("error: no block ran")
    sys.exit(status)


main()
