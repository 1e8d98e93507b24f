"""The pages name all modules that they need, so that a browser fetches them at once and not one after the other."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "Sources/COuterloopPages/pages"
PAGES = sorted(FOLDER.glob("*.html"))


def needed(module, seen=None):
    """A module and all that it imports, directly or not."""
    seen = set() if seen is None else seen
    if module not in seen:
        seen.add(module)
        for name in re.findall(r'^(?:import|\} from|import .* from) ?"\./([\w-]+\.js)";|^import "\./([\w-]+\.js)";', (FOLDER / module).read_text(), re.M):
            needed(name[0] or name[1], seen)
    return seen


def entry(page):
    return re.search(r'<script type="module" src="/assets/([\w-]+\.js)">', page.read_text()).group(1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_preloads_what_it_imports(page):
    preloaded = re.findall(r'<link rel="modulepreload" href="/assets/([\w-]+\.js)">', page.read_text())
    assert preloaded == sorted(needed(entry(page)) - {entry(page)})


def test_every_module_is_used():
    used = set().union(*(needed(entry(page)) for page in PAGES))
    assert {path.name for path in FOLDER.glob("*.js")} - used == {"theme-first.js", "report.js"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_no_script_or_style_of_its_own(page):
    text = page.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert re.findall(r"<script(?![^>]*\ssrc=)", text) == []
    assert re.findall(r'(?:src|href)="(?!/assets/|#main")', text) == []
