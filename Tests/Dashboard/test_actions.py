"""What changes a study, and what a read-only server leaves out."""

import os
import signal

import pytest

from conftest import Dashboard, serve


def test_a_trial_is_added(open_page, dashboard):
    number = dashboard.study("lr-1")
    before = dashboard.get(f"/studies/{number}")["trials"]
    page = open_page(f"/study/{number}")
    page.get_by_role("button", name="Add trial").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("lr", exact=True).fill("0.01")
    dialog.get_by_label("layers", exact=True).fill("three")
    dialog.get_by_role("button", name="Add trial").click()
    dialog.get_by_text("is not a number").wait_for()
    page.watch.expected_failures += 1
    dialog.get_by_label("layers", exact=True).fill("17")
    dialog.get_by_role("button", name="Add trial").click()
    dialog.locator(".notice.error", has_text="17").wait_for()
    dialog.get_by_label("layers", exact=True).fill("3")
    dialog.get_by_role("button", name="Add trial").click()
    page.get_by_text(f"Trial {before} was added").wait_for()
    trial = dashboard.get(f"/studies/{number}/trials/{before}")
    assert trial["state"] == "waiting" and trial["params"]["layers"] == 3


def test_a_study_is_ended_and_reopened(open_page, dashboard):
    number = dashboard.study("lr-2")
    if dashboard.get(f"/studies/{number}")["ended"] is not None:
        dashboard.send(f"/studies/{number}/reopen", {})
    page = open_page(f"/study/{number}")
    page.get_by_role("button", name="End…").click()
    dialog = page.get_by_role("dialog")
    assert "No new trial starts" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert dashboard.get(f"/studies/{number}")["ended"] is None
    page.get_by_role("button", name="End…").click()
    dialog.get_by_label("Reason").fill("enough <b>now</b>")
    dialog.get_by_role("button", name="End study").click()
    page.get_by_text("enough <b>now</b>").first.wait_for()
    assert dashboard.get(f"/studies/{number}")["ended"] == "enough <b>now</b>"
    page.get_by_role("button", name="Reopen…").click()
    page.get_by_role("button", name="Reopen study").click()
    page.get_by_role("button", name="End…").wait_for()
    assert dashboard.get(f"/studies/{number}")["ended"] is None


def test_a_study_is_paused_and_goes_on(open_page, dashboard):
    number = dashboard.study("lr-2")
    if dashboard.get(f"/studies/{number}")["ended"] is not None:
        dashboard.send(f"/studies/{number}/reopen", {})
    page = open_page(f"/study/{number}")
    page.get_by_role("button", name="Pause…").click()
    page.get_by_role("button", name="Pause study").click()
    page.get_by_role("button", name="Resume…").wait_for()
    assert dashboard.get(f"/studies/{number}")["paused"]
    assert page.get_by_text("paused").first.is_visible()
    page.get_by_role("button", name="Resume…").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume", exact=True).click()
    page.get_by_role("button", name="Pause…").wait_for()
    assert not dashboard.get(f"/studies/{number}")["paused"]


def test_the_budget_is_changed(open_page, dashboard):
    number = dashboard.study("lr-3")
    page = open_page(f"/study/{number}")
    page.get_by_role("button", name="Budget…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Trials").fill("-3")
    dialog.get_by_role("button", name="Change budget").click()
    dialog.get_by_text("is not a valid budget").wait_for()
    dialog.get_by_label("Trials").fill("321")
    dialog.get_by_role("button", name="Change budget").click()
    page.get_by_text("of 321").first.wait_for()
    assert dashboard.get(f"/studies/{number}")["budget"]["trials"] == 321


def test_a_failed_trial_is_retried_and_stopped(open_page, dashboard):
    number = dashboard.study("failed")
    page = open_page(f"/study/{number}/trial/0")
    page.get_by_role("button", name="Retry…").click()
    page.get_by_role("button", name="Retry trial").click()
    page.locator("h1 .state", has_text="waiting").wait_for()
    page.get_by_role("button", name="Stop…").click()
    dialog = page.get_by_role("dialog")
    # The safe button has the focus where something ends.
    assert page.evaluate("document.activeElement.innerText") == "Cancel"
    dialog.get_by_role("button", name="Stop trial").click()
    page.locator("h1 .state", has_text="failed").wait_for()
    assert dashboard.get(f"/studies/{number}/trials/0")["reason"] == "cancelled"


@pytest.mark.parametrize("path", ["/study/{}", "/study/{}/trial/0"])
def test_notes_are_markdown_and_never_markup(open_page, dashboard, path):
    number = dashboard.study("conditional")
    page = open_page(path.format(number))
    notes = page.get_by_label("Notes", exact=True)
    notes.get_by_role("button", name="Edit").click()
    text = "# Plan\n\n**bold** <img src=x onerror=alert(1)> [site](https://example.org/a) [bad](javascript:alert(1))\n\n- one\n- two"
    notes.get_by_label("Notes in Markdown").fill(text)
    page.keyboard.press("Control+Enter")
    notes.get_by_role("heading", name="Plan").wait_for()
    assert notes.locator("img").count() == 0
    assert notes.locator("strong").inner_text() == "bold"
    assert notes.locator("li").count() == 2
    links = notes.locator("a")
    assert links.count() == 1
    assert links.get_attribute("rel") == "noopener noreferrer"
    kept = dashboard.get(f"/studies/{number}" if "trial" not in path else f"/studies/{number}/trials/0")["notes"]
    assert kept == text


@pytest.fixture(scope="module")
def read_only(request):
    url = os.environ.get("OUTERLOOP_READ_ONLY_URL")
    if url:
        yield Dashboard(url)
        return
    server, url = serve(request.getfixturevalue("command"), request.getfixturevalue("store"), "--read-only")
    yield Dashboard(url)
    server.send_signal(signal.SIGINT)
    server.wait(20)


def test_read_only_has_no_actions(browser, read_only):
    number = read_only.get("/studies")["studies"][-1]["id"] if read_only.get("/studies")["studies"] else None
    page = browser.new_page()
    for path in ["/"] + ([f"/study/{number}", f"/study/{number}/trials", f"/study/{number}/trial/0"] if number else []):
        page.goto(read_only.url + path)
        page.get_by_text("Read only").wait_for()
        page.wait_for_selector(".connection[data-state=live]")
        for name in ["Add trial", "End…", "Budget…", "Edit", "Retry…", "Stop…", "Add a variant"]:
            assert page.get_by_role("button", name=name).count() == 0
    page.close()
