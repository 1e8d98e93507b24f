"""What pages consist of, and that a browser gets it in few requests."""

import re
import urllib.request
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "Sources/COuterloopPages/pages"
PAGES = ["/", "/study/1", "/study/1/trials", "/study/1/trial/0", "/compare"]


def text(dashboard, page):
    with urllib.request.urlopen(dashboard.url + page, timeout=60) as answer:
        return answer.read().decode()


def needed(module, seen=None):
    """A module and all that it imports, directly or not."""
    seen = set() if seen is None else seen
    if module not in seen:
        seen.add(module)
        for name in re.findall(r'^(?:import|\} from|import .* from) ?"\./([\w-]+\.js)";|^import "\./([\w-]+\.js)";', (FOLDER / module).read_text(), re.M):
            needed(name[0] or name[1], seen)
    return seen


def entry(document):
    return re.search(r'<script type="module" src="/assets/([\w-]+\.js)">', document).group(1)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_one_script(dashboard, page):
    """The module that the server makes of a page's modules has each of them once, after those that it imports."""
    module = entry(text(dashboard, page))
    script = text(dashboard, f"/assets/{module}")
    order = re.findall(r"^// ([\w-]+\.js)$", script, re.M)
    assert sorted(order) == sorted(needed(module)) and order[-1] == module
    for place, name in enumerate(order):
        assert needed(name) <= set(order[:place + 1])
    assert not re.search(r"^(import|export) ", script, re.M)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_modules_can_be_made_one(path):
    """An import is one line and renames nothing; exports are declarations; only pages wait at the top."""
    source = path.read_text()
    for line in source.splitlines():
        if line.startswith("import "):
            assert re.fullmatch(r'import (\{ [\w, ]+ \} from )?"\./[\w-]+\.js";', line) and " as " not in line
        if line.startswith("export "):
            assert re.match(r"export (async function|function|class|const) \w+", line)
        if not path.name.startswith("page-"):
            assert not re.match(r"(const \w+ = )?await ", line)


@pytest.mark.parametrize("page", ["/study/1", "/study/1/trials"])
def test_a_page_asks_for_its_data_at_once(dashboard, page):
    preloaded = re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', text(dashboard, page))
    assert preloaded == ["/api/v1/", "/api/v1/studies/1"]
    assert "<script>" not in text(dashboard, "/study/<script>") and "preload" in text(dashboard, "/study/x")


def test_every_module_is_used(dashboard):
    used = set().union(*(needed(entry(text(dashboard, page))) for page in PAGES))
    assert {path.name for path in FOLDER.glob("*.js")} - used == {"theme-first.js", "report.js"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_script_or_style_of_its_own(dashboard, page):
    document = text(dashboard, page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", document)
    assert re.findall(r"<script(?![^>]*\ssrc=)", document) == []
    assert re.findall(r'(?:src|href)="(?!/assets/|/api/v1/|#main")', document) == []
