"""The pages name all modules that they need, so that a browser fetches them at once and not one after the other."""

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
def test_a_page_preloads_what_it_imports(dashboard, page):
    document = text(dashboard, page)
    preloaded = re.findall(r'<link rel="modulepreload" href="/assets/([\w-]+\.js)">', document)
    assert preloaded == sorted(needed(entry(document)) - {entry(document)})


def test_every_module_is_used(dashboard):
    used = set().union(*(needed(entry(text(dashboard, page))) for page in PAGES))
    assert {path.name for path in FOLDER.glob("*.js")} - used == {"theme-first.js", "report.js"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_script_or_style_of_its_own(dashboard, page):
    document = text(dashboard, page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", document)
    assert re.findall(r"<script(?![^>]*\ssrc=)", document) == []
    assert re.findall(r'(?:src|href)="(?!/assets/|#main")', document) == []
