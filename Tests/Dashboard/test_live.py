"""Pages follow a study, and leave alone what the reader does."""

import time

from conftest import until


def test_a_new_report_is_on_the_page_within_a_second(open_page, dashboard):
    number = dashboard.study("running")
    page = open_page(f"/study/{number}/trials?sort=number&reverse=true")
    page.locator(".windowed tbody tr[aria-rowindex='2'] a").wait_for()
    page.wait_for_selector(".connection[data-state=live]")
    page.evaluate("""() => {
        window.changes = [];
        new MutationObserver(() => window.changes.push(performance.now())).observe(
            document.querySelector('.windowed tbody'), {childList: true, subtree: true, characterData: true});
    }""")
    page.wait_for_timeout(5000)
    changes = page.evaluate("window.changes")
    gaps = [after - before for before, after in zip(changes, changes[1:])]
    assert len(changes) > 4
    # Ten reports come each second.
    assert max(gaps) < 1500


def test_an_action_elsewhere_is_seen(open_page, dashboard):
    number = dashboard.study("one-trial")
    page = open_page(f"/study/{number}")
    page.wait_for_selector(".connection[data-state=live]")
    dashboard.send(f"/studies/{number}/notes", {"text": "written elsewhere"}, "PUT")
    begin = time.monotonic()
    page.get_by_text("written elsewhere").wait_for(timeout=5000)
    assert time.monotonic() - begin < 1.5


def test_the_study_page_keeps_scroll_and_focus(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('running')}")
    page.locator(".figure").nth(1).scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    select = page.locator(".figure select").first
    select.focus()
    before = page.evaluate("[scrollY, performance.getEntriesByType('navigation').length]")
    tagline = page.locator(".tagline").inner_text()
    page.wait_for_timeout(4000)
    assert page.evaluate("[scrollY, performance.getEntriesByType('navigation').length]") == before
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    assert tagline != "" and page.locator(".tagline").inner_text() != ""


def test_the_table_keeps_scroll_and_focus(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('running')}/trials?reverse=true")
    page.locator(".windowed tbody tr[aria-rowindex='4'] a").wait_for()
    page.locator(".windowed").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    trial = page.evaluate("document.activeElement.querySelector('a').innerText")
    # Long enough for trials to begin, which stand above the focused one.
    page.wait_for_timeout(5000)
    assert page.evaluate("document.activeElement.querySelector('a')?.innerText") == trial


def test_a_log_is_followed(open_page, dashboard):
    number = dashboard.study("running")
    running = dashboard.get(f"/studies/{number}/trials?state=running&limit=1&reverse=true")["trials"][0]["number"]
    page = open_page(f"/study/{number}/trial/{running}", ready="pre.log")
    until(page, "document.querySelector('pre.log').innerText.includes('epoch')")
    before = page.evaluate("document.querySelector('pre.log').innerText.length")
    until(page, "before => document.querySelector('pre.log').innerText.length > before", before, 4)
    assert page.evaluate("(log => log.scrollHeight - log.scrollTop - log.clientHeight < 24)(document.querySelector('pre.log'))")


def test_the_server_going_and_coming_back_is_shown(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('one-trial')}")
    page.wait_for_selector(".connection[data-state=live]")
    page.watch.expected_failures += 100
    page.context.set_offline(True)
    # A stream that is open does not notice: a page that is looked at again does.
    page.evaluate("""() => {
        Object.defineProperty(document, 'hidden', {value: true, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
        Object.defineProperty(document, 'hidden', {value: false, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    page.wait_for_selector(".connection[data-state=reconnecting], .connection[data-state=gone]")
    page.wait_for_selector(".connection[data-state=gone]", timeout=20_000)
    page.context.set_offline(False)
    page.wait_for_selector(".connection[data-state=live]", timeout=20_000)
    page.watch.faults.clear()
