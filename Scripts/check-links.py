#!/usr/bin/env python3
"""check-links.py: relative links between the Markdown pages lead to files that are there, and to headings in them.

Addresses with a scheme are not looked at; nothing is fetched. Code blocks and spans hold no links.
"""

import pathlib
import re
import subprocess
import sys

from headings import fragment, headings, without_blocks

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")


def prose(page):
    """The page without its code."""
    return re.sub(r"``.*?``|`[^`\n]*`", "", without_blocks(page))


def anchors(page):
    """The fragments of all headings; of equal ones the later are numbered."""
    found = {}
    for name in map(fragment, headings(page)):
        count = found.get(name, 0)
        found[name] = count + 1
        if count:
            found[f"{name}-{count}"] = 1
    return found


def main():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    pages = [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]
    count, broken = 0, 0
    for page in pages:
        for link in LINK.findall(prose(page)):
            if re.match(r"[a-z][a-z+.-]*:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            problem = None
            if not target.is_relative_to(ROOT) or not target.exists():
                problem = "which is not there"
            elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
                problem = "which has no such heading"
            count += 1
            if problem:
                broken += 1
                print(f"error: {page.relative_to(ROOT)} links to {link}, {problem}", file=sys.stderr)
    # A page that nothing leads to is found by nobody.
    index = ROOT / "Documentation/README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose(index))}
    for page in sorted((ROOT / "Documentation").glob("*.md")):
        if page != index and page not in linked:
            broken += 1
            print(f"error: Documentation/README.md does not link to {page.name}", file=sys.stderr)
    if count == 0:
        sys.exit("error: no link was found")
    sys.exit(int(broken > 0))


main()
