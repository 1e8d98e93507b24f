#!/usr/bin/env python3
"""check-docstrings.py [FOLDER]: every public symbol of the products is documented, and what throws says what.

FOLDER has symbol graphs (Scripts/symbol-graphs.sh); without it they are made from the debug build. Symbols that the
compiler synthesizes count for nothing, and those that satisfy a protocol's requirement may leave their text to it.
Prints what was counted; fails and names each symbol that has no text, or throws without a `- Throws:`.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
THROWS = re.compile(r"^\s*- throws:", re.I | re.M)


def symbols(folder):
    """Symbols that stand in a source file, with the module that declares them; each once."""
    seen = set()
    for path in sorted(folder.glob("*.symbols.json")):
        graph = json.loads(path.read_text(encoding="utf-8"))
        for symbol in graph["symbols"]:
            identifier = symbol["identifier"]["precise"]
            if identifier in seen or "location" not in symbol or "::SYNTHESIZED::" in identifier:
                continue
            if symbol["kind"]["identifier"] == "swift.extension":
                continue
            seen.add(identifier)
            yield graph["module"]["name"], symbol


def throws_itself(symbol):
    """Whether a call throws: not whether it takes or has a function that does, nor whether it only rethrows."""
    declaration = "".join(part["spelling"] for part in symbol["declarationFragments"])
    if symbol["kind"]["identifier"].endswith("property"):
        return re.search(r"\{[^}]*\bthrows\b[^}]*\}", declaration) is not None
    # What stands in parentheses is a parameter's type; what follows the arrow is the result's.
    while (shorter := re.sub(r"\([^()]*\)", "", declaration)) != declaration:
        declaration = shorter
    if symbol["kind"]["identifier"] == "swift.typealias":
        return False
    return re.search(r"\bthrows\b", declaration.split("->")[0]) is not None


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        if len(sys.argv) < 2:
            if subprocess.run(["bash", str(ROOT / "Scripts/symbol-graphs.sh"), str(folder)]).returncode:
                sys.exit(1)
        found = list(symbols(folder))
    if not found:
        sys.exit("error: no symbol was found")
    counts, problems = collections.defaultdict(lambda: [0, 0]), []
    for module, symbol in found:
        text = "\n".join(line["text"] for line in symbol.get("docComment", {}).get("lines", []))
        throws = throws_itself(symbol)
        problem = None
        if not text.strip():
            problem = "has no documentation"
        elif throws and not THROWS.search(text):
            problem = "throws, and its documentation has no `- Throws:`"
        counts[module][0] += 1
        counts[module][1] += problem is None
        if problem:
            path = pathlib.Path(symbol["location"]["uri"].removeprefix("file://"))
            path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            line = symbol["location"]["position"]["line"] + 1
            problems.append((str(path), line, f"{'.'.join(symbol['pathComponents'])} {problem}"))
    for path, line, problem in sorted(problems):
        print(f"error: {path}:{line}: {problem}", file=sys.stderr)
    for module, (number, documented) in sorted(counts.items()):
        print(f"{module}: {documented} of {number} public symbols documented")
    total, documented = (sum(count[i] for count in counts.values()) for i in (0, 1))
    print(f"total: {documented} of {total}, {100 * documented / total:.1f} %")
    sys.exit(int(bool(problems)))


main()
