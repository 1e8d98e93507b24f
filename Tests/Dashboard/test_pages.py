"""Every page on every kind of study."""

import os
from pathlib import Path

import pytest

from conftest import until

STUDIES = ["empty", "running", "large", "failed", "pareto", "conditional", "strange", "one-trial"]
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


def keep(page, name):
    folder = os.environ.get("OUTERLOOP_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def has_no_sideways_scroll(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def is_live(page):
    page.wait_for_selector(".connection[data-state=live]", timeout=20_000)


@pytest.mark.parametrize("scheme, width", LOOKS)
def test_list_of_studies(open_page, dashboard, scheme, width):
    page = open_page("/", width=width, scheme=scheme)
    page.wait_for_selector("table.studies tbody tr")
    names = {study["name"] for study in dashboard.get("/studies")["studies"]}
    assert set(page.locator("table.studies .name a").all_inner_texts()) == names
    is_live(page)
    assert has_no_sideways_scroll(page)
    keep(page, f"studies-{scheme}-{width}")


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("scheme, width", LOOKS)
def test_page_of_a_study(open_page, dashboard, study, scheme, width):
    number = dashboard.study(study)
    page = open_page(f"/study/{number}", width=width, scheme=scheme)
    about = dashboard.get(f"/studies/{number}")
    assert page.locator("h1").inner_text() == about["name"]
    assert page.locator(".figure").count() == len(about["plots"])
    is_live(page)
    # Pictures are drawn as they come into view.
    for index in range(len(about["plots"])):
        figure = page.locator(".figure").nth(index)
        figure.scroll_into_view_if_needed()
        figure.locator(".plot > svg").wait_for(timeout=60_000)
    assert has_no_sideways_scroll(page)
    page.evaluate("scrollTo(0, 0)")
    keep(page, f"study-{study}-{scheme}-{width}")


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("scheme, width", LOOKS)
def test_table_of_trials(open_page, dashboard, study, scheme, width):
    number = dashboard.study(study)
    page = open_page(f"/study/{number}/trials", width=width, scheme=scheme)
    if dashboard.get(f"/studies/{number}")["trials"] == 0:
        page.get_by_text("This study has no trials yet").wait_for()
    else:
        page.locator(".windowed tbody tr[aria-rowindex='2'] a").wait_for(timeout=30_000)
    is_live(page)
    assert has_no_sideways_scroll(page)
    keep(page, f"trials-{study}-{scheme}-{width}")


@pytest.mark.parametrize("study", [name for name in STUDIES if name != "empty"])
@pytest.mark.parametrize("scheme, width", LOOKS)
def test_page_of_a_trial(open_page, dashboard, study, scheme, width):
    number = dashboard.study(study)
    page = open_page(f"/study/{number}/trial/0", width=width, scheme=scheme)
    page.get_by_role("heading", name="Trial 0").wait_for()
    is_live(page)
    for name in dashboard.get(f"/studies/{number}/trials/0")["params"]:
        assert page.get_by_label("Parameters", exact=True).get_by_text(name, exact=True).first.is_visible()
    assert has_no_sideways_scroll(page)
    keep(page, f"trial-{study}-{scheme}-{width}")


@pytest.mark.parametrize("scheme, width", LOOKS)
def test_comparison(open_page, dashboard, scheme, width):
    numbers = [str(dashboard.study(f"lr-{seed}")) for seed in (1, 2, 3)]
    page = open_page(f"/compare?studies={','.join(numbers)}", width=width, scheme=scheme)
    page.locator(".plot > svg").first.wait_for()
    before = page.locator(".plot > svg").first.inner_html()
    page.get_by_label("Join repeated seeds").check()
    until(page, "before => document.querySelector('.plot > svg').innerHTML !== before", before)
    assert "together=true" in page.url
    assert has_no_sideways_scroll(page)
    keep(page, f"compare-{scheme}-{width}")


def test_what_is_not_there(open_page):
    page = open_page("/study/987654", ready="#page-error", failures=1)
    assert "study" in page.locator("#page-error").inner_text()


def test_long_values_are_clipped_and_can_be_seen(open_page, dashboard):
    number = dashboard.study("strange")
    trials = dashboard.get(f"/studies/{number}/trials?limit=100")["trials"]
    long = next(trial["number"] for trial in trials if any(len(str(value)) >= 10_000 for value in trial["params"].values()))
    page = open_page(f"/study/{number}/trial/{long}")
    parameters = page.get_by_label("Parameters", exact=True)
    button = parameters.get_by_role("button", name="Show all 10,000 characters")
    button.wait_for()
    assert len(parameters.inner_text()) < 2000
    button.click()
    assert len(parameters.inner_text()) >= 10_000


def test_theme_is_kept(open_page):
    page = open_page("/", scheme="light")
    page.get_by_label("Theme").select_option("dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    page.wait_for_selector("table.studies")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.get_by_label("Theme").select_option("light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_files_are_shown_and_never_run(open_page, dashboard):
    number = dashboard.study("conditional")
    page = open_page(f"/study/{number}/trial/3")
    files = page.get_by_label("Files", exact=True)
    files.wait_for()
    until(page, "[...document.querySelectorAll('.file img')].some(image => image.naturalWidth > 0)")
    files.locator("summary", has_text="table.csv").click()
    files.locator("tbody tr").first.wait_for()
    assert files.locator("tbody tr").count() == 200
    assert "The first 200 rows" in files.inner_text()
    files.locator("summary", has_text="readme.txt").click()
    files.get_by_text("hello <b>world</b>").wait_for()
