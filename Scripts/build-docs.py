#!/usr/bin/env python3
"""build-docs.py [FOLDER]: the documentation as one static site, by default in .build/docs/site.

The API of every product comes from the debug build (`swift build`) and the catalogs `Sources/MODULE/MODULE.docc`; the
guides of Documentation/ become articles of the catalog of `Outerloop`. DocC's warnings are errors, but for parameters
that are left out of a list because their names say all there is to say. At the end every link of the site is looked up.

To read it: python3 -m http.server --directory .build/docs/site
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

from headings import fragment, headings

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / ".build/docs"
FENCE = re.compile(r"(^```.*?^```[ \t]*$|``[^`]+``|`[^`\n]+`)", re.M | re.S)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
UNSAID = re.compile(r"Parameter '.*' is missing documentation")
# On macOS it is Xcode's.
DOCC = ["docc"] if shutil.which("docc") else ["xcrun", "docc"]
EXTRA = {"CONTRIBUTING.md": "contributing", "Examples/README.md": "examples"}


def article_name(path):
    """What a page is called in the site: `methods/reverse.md` is `methods-reverse`."""
    relative = path.relative_to(ROOT).as_posix()
    if relative in EXTRA:
        return EXTRA[relative]
    if relative == "Documentation/README.md":
        return "documentation-index"
    return relative.removeprefix("Documentation/").removesuffix(".md").replace("/", "-").lower()


def prose(text, change):
    """The text with `change` applied outside of code."""
    parts = FENCE.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def addresses(path):
    """The fragments of a page's headings on a forge, with the headings as DocC addresses them."""
    return {
        fragment(plain): re.sub(r"[^\w\-.~:@!$&()*+,;=/?]", "", re.sub(r"\s+", "-", plain))
        for plain in headings(path, least=2)
    }


def converted(page, pages, images):
    """A page as an article of DocC."""

    def replace(match):
        mark, label, address = match.groups()
        if re.match(r"[a-z][a-z+.-]*:", address):
            return match.group(0)
        path, _, fragment = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        if mark:
            name = target.relative_to(ROOT).as_posix().replace("/", "-")
            images[name] = target
            return f"![{label}]({name})"
        if target not in pages:
            # A file of the repository that is no page of the site.
            return f"{label} (`{target.relative_to(ROOT).as_posix()}`)"
        anchor = "#" + addresses(target)[fragment] if fragment else ""
        return f"[{label}](doc:{article_name(target)}{anchor})"

    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^<!--.*?-->\n", "", text, flags=re.M | re.S)
    # Titles are plain text there.
    title, rest = text.split("\n", 1)
    text = title.replace("`", "") + "\n" + rest
    # Links may have code in their labels: what is protected is put back first.
    held = []

    def hold(match):
        held.append(match.group(0))
        return f"\x00{len(held) - 1}\x00"

    text = LINK.sub(replace, FENCE.sub(hold, text))
    return re.sub("\x00(\\d+)\x00", lambda match: held[int(match.group(1))], text)


def topics(pages):
    """The guides in groups, in the order of Documentation/README.md and methods.md."""
    index = "".join(
        (ROOT / "Documentation" / name).read_text(encoding="utf-8") for name in ("README.md", "methods.md"))
    order = [(ROOT / "Documentation" / address.partition("#")[0]).resolve() for _, _, address in LINK.findall(index)]
    groups = {"Guides": [], "Tutorial": [], "Methods": [], "Decisions": []}
    for page in [*order, *sorted(pages)]:
        if page not in pages or page == ROOT / "Documentation/README.md":
            continue
        folder = page.parent.name.capitalize()
        group = groups[folder if folder in groups else "Guides"]
        if page not in group:
            group.append(page)
    text = "\n## Topics\n"
    for name, members in groups.items():
        if members:
            text += f"\n### {name}\n\n" + "".join(f"- <doc:{article_name(page)}>\n" for page in members)
    return text


def convert(module, catalog, graphs, archives):
    """One module's archive; returns its path and the diagnostics that count."""
    archive, report = WORK / f"archives/{module}.doccarchive", WORK / f"diagnostics/{module}.json"
    for folder in (report.parent, archive.parent):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        *DOCC, "convert", str(catalog), "--additional-symbol-graph-dir", str(graphs),
        "--fallback-display-name", module, "--fallback-bundle-identifier", f"outerloop.{module}",
        "--fallback-default-module-kind", "Library", "--output-dir", str(archive), "--diagnostics-file", str(report),
        "--enable-experimental-external-link-support",
    ]
    for other in archives:
        command += ["--dependency", str(other)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode or not archive.is_dir():
        sys.exit(f"error: docc failed for {module}\n{run.stdout}{run.stderr}")
    found = json.loads(report.read_text(encoding="utf-8"))["diagnostics"]
    return archive, [item for item in found if not UNSAID.match(item["summary"])]


def describe(diagnostic):
    source = diagnostic.get("source", "").removeprefix("file://").removeprefix(f"{ROOT}/")
    line = diagnostic.get("range", {}).get("start", {}).get("line", "")
    return f"error: {source}:{line}: {diagnostic['summary']}"


def broken_links(site):
    """References of all pages that lead nowhere."""
    problems, count = [], 0
    for path in sorted((site / "data").rglob("*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        for reference in page.get("references", {}).values():
            if reference.get("type") in ("topic", "link") and reference.get("url", "").startswith("/"):
                count += 1
                address = reference["url"].partition("#")[0].strip("/").lower()
                if not (site / address / "index.html").is_file():
                    problems.append(f"error: {path.relative_to(site)} links to {reference['url']}, which is not there")
            for variant in reference.get("variants", []) if reference.get("type") == "image" else []:
                count += 1
                if not (site / variant["url"].lstrip("/")).is_file():
                    problems.append(f"error: {path.relative_to(site)} shows {variant['url']}, which is not there")
    if count == 0:
        problems.append("error: the site has no links")
    return problems, count


def main():
    site = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else WORK / "site"
    shutil.rmtree(WORK, ignore_errors=True)
    if site.exists() and (not site.is_dir() or any(site.iterdir())):
        sys.exit(f"error: {site} is there already\nhint: name a folder that is new or empty")
    graphs = WORK / "graphs"
    if subprocess.run(["bash", str(ROOT / "Scripts/symbol-graphs.sh"), str(graphs)]).returncode:
        sys.exit(1)
    by_module = {}
    for path in sorted(graphs.glob("*.symbols.json")):
        by_module.setdefault(path.name.removesuffix(".symbols.json").partition("@")[0], []).append(path)
    problems, archives = [], []
    # The umbrella last: its articles may lead into all others.
    for module in sorted(by_module, key=lambda name: (name == "Outerloop", name)):
        own = WORK / f"modules/{module}"
        own.mkdir(parents=True)
        for path in by_module[module]:
            shutil.copy(path, own)
        source = ROOT / f"Sources/{module}/{module}.docc"
        if not source.is_dir():
            sys.exit(f"error: {source.relative_to(ROOT)} is not there\nhint: every product has a catalog with a landing page")
        catalog = WORK / f"catalogs/{module}.docc"
        shutil.copytree(source, catalog)
        if module == "Outerloop":
            pages = {*(ROOT / "Documentation").rglob("*.md"), *(ROOT / name for name in EXTRA)}
            pages.discard(ROOT / "Documentation/README.md")
            images = {}
            for page in pages:
                (catalog / f"{article_name(page)}.md").write_text(converted(page, pages, images), encoding="utf-8")
            for name, path in images.items():
                shutil.copy(path, catalog / name)
            with (catalog / "Outerloop.md").open("a", encoding="utf-8") as file:
                file.write(topics(pages))
        archive, found = convert(module, catalog, own, archives if module == "Outerloop" else [])
        archives.append(archive)
        problems += [describe(item) for item in found]
    if site.exists():
        site.rmdir()
    merge = subprocess.run(
        [*DOCC, "merge", *map(str, reversed(archives)), "--output-path", str(site),
         "--synthesized-landing-page-name", "Outerloop", "--synthesized-landing-page-kind", "Package"],
        capture_output=True, text=True)
    if merge.returncode:
        sys.exit(f"error: docc merge failed\n{merge.stdout}{merge.stderr}")
    # The root leads to the landing page.
    (site / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Outerloop</title>'
        '<meta http-equiv="refresh" content="0; url=documentation/outerloop/">'
        '<a href="documentation/outerloop/">Outerloop</a>\n', encoding="utf-8")
    broken, count = broken_links(site)
    problems += broken
    for problem in dict.fromkeys(problems):
        print(problem, file=sys.stderr)
    number = sum(1 for _ in (site / "data").rglob("*.json"))
    print(f"{site}: {number} pages, {count} links, {len(problems)} problems")
    sys.exit(int(bool(problems)))


main()
