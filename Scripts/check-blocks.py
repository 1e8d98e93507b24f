#!/usr/bin/env python3
"""check-blocks.py: every block of code on the pages is compiled or run by something, or says why not.

A `swift` block is a part of a program in Examples/ that is built there, line by line but for its indentation. Blocks of
`sh` and `python` are run: by Scripts/check-documents.py, or by a test for the pages named in TESTED. The comment
`<!-- not compiled: REASON -->` or `<!-- not run: REASON -->` on the line before a block leaves it out.
"""

import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(<!-- .*? -->\n)?```(\w*)\n(.*?)^```$", re.M | re.S)
# Pages whose commands a Swift test runs, and that test.
TESTED = {"tuning-a-program.md": "OuterloopCommandTests/DocumentationTests"}


def main():
    programs = [
        [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        for path in sorted((ROOT / "Examples/Sources").rglob("*.swift"))
    ]
    number, problems = 0, []
    for name, test in TESTED.items():
        path = ROOT / f"Tests/{test}.swift"
        if not path.is_file() or name not in path.read_text(encoding="utf-8"):
            problems.append(f"error: Tests/{test}.swift does not run {name}")
    pages = [
        ROOT / "README.md", *sorted((ROOT / "Documentation").rglob("*.md")),
        *sorted((ROOT / "Sources").glob("*/*.docc/*.md")),
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            comment, language, body = block.groups()
            where = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
            if language not in ("swift", "sh", "python"):
                continue
            number += 1
            if re.match(r"<!-- not (run|compiled): \S.* -->", comment or ""):
                continue
            if language == "swift":
                lines = [line.strip() for line in textwrap.dedent(body).splitlines()]
                if not any(
                    program[start : start + len(lines)] == lines
                    for program in programs
                    for start in range(len(program))
                    if program[start] == lines[0]
                ):
                    problems.append(f"error: {where}: no program in Examples has these lines")
            elif page.parent != ROOT / "Documentation" and page.name != "README.md":
                problems.append(f"error: {where}: nothing runs the blocks of this page")
    for problem in problems:
        print(problem, file=sys.stderr)
    if number == 0:
        sys.exit("error: no block was found")
    sys.exit(int(bool(problems)))


main()
