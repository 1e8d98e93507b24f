"""The table of trials: scrolling, order, filters, columns, comparison, export."""

import json

from conftest import until


def open_trials(open_page, dashboard, study, query=""):
    page = open_page(f"/study/{dashboard.study(study)}/trials{query}")
    page.locator(".windowed tbody tr[aria-rowindex='2'] a").wait_for(timeout=30_000)
    return page


def total(page):
    return int(page.locator(".windowed table").get_attribute("aria-rowcount")) - 1


def column(page, name):
    """The texts of the rows in the document, in a column."""
    return page.evaluate("""name => {
        const heads = [...document.querySelectorAll('.windowed thead th')].map(head => head.innerText.replace(/[▲▼]/, '').trim());
        const index = heads.indexOf(name);
        return [...document.querySelectorAll('.windowed tbody tr:not(.spacer)')].map(row => row.children[index]?.innerText ?? '');
    }""", name)


# A row in sight without its number is blank.
BLANK = """() => {
    const view = document.querySelector('.windowed').getBoundingClientRect();
    const head = document.querySelector('.windowed thead').getBoundingClientRect().height;
    let blank = 0, rows = 0;
    for (const row of document.querySelectorAll('.windowed tbody tr:not(.spacer)')) {
        const box = row.getBoundingClientRect();
        if (box.bottom <= view.top + head + 1 || box.top >= view.bottom - 1) continue;
        rows += 1;
        if (row.querySelector('a') === null) blank += 1;
    }
    const wanted = Math.floor((view.height - head) / 30) - 1;
    return {blank: blank + Math.max(0, wanted - rows), rows};
}"""


def test_scrolling_has_no_blank_rows(open_page, dashboard):
    page = open_trials(open_page, dashboard, "large")
    assert total(page) >= 20_000
    box = page.locator(".windowed").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.wait_for_timeout(500)
    # 3,000 pixels a second, a hundred rows, for several pages of rows.
    page.evaluate("""() => {
        window.blanks = 0;
        window.frames = 0;
        const view = document.querySelector('.windowed');
        const count = """ + BLANK + """;
        window.done = new Promise(resolve => {
            let last = performance.now();
            const end = last + 6000;
            const step = now => {
                window.blanks += count().blank;
                window.frames += 1;
                view.scrollTop += (now - last) * 3;
                last = now;
                if (now < end) requestAnimationFrame(step);
                else resolve();
            };
            requestAnimationFrame(step);
        });
    }""")
    page.evaluate("window.done")
    assert page.evaluate("window.frames") > 60
    assert page.evaluate("document.querySelector('.windowed').scrollTop") > 15_000
    assert page.evaluate("window.blanks") == 0


def test_a_jump_to_the_end_fills(open_page, dashboard):
    page = open_trials(open_page, dashboard, "large")
    rows = total(page)
    page.evaluate("document.querySelector('.windowed').scrollTop = 1e9")
    page.locator(f".windowed tbody tr[aria-rowindex='{rows + 1}'] a").wait_for()
    until(page, f"({BLANK})().blank === 0")
    # Only rows in sight are in the document.
    assert page.locator(".windowed tbody tr").count() < 120


def test_sorting(open_page, dashboard):
    page = open_trials(open_page, dashboard, "large")
    page.locator(".windowed thead").get_by_role("button", name="lr", exact=True).click()
    head = page.locator(".windowed th[aria-sort]")
    until(page, "document.querySelector('th[aria-sort]').innerText.includes('lr')")
    assert head.get_attribute("aria-sort") == "ascending"
    numbers = lambda: [float(text.replace("−", "-")) for text in column(page, "lr") if text not in ("", "–")]
    assert numbers() == sorted(numbers())
    page.locator(".windowed thead").get_by_role("button", name="lr", exact=True).click()
    page.wait_for_selector("th[aria-sort=descending]")
    assert numbers() == sorted(numbers(), reverse=True)
    assert "sort=param.lr" in page.url and "reverse=true" in page.url


def test_filter_and_its_errors(open_page, dashboard):
    page = open_trials(open_page, dashboard, "large")
    everything = total(page)
    field = page.get_by_label("Filter trials by an expression")
    field.fill("lr < 1e-3 and state == complete")
    until(page, f"Number(document.querySelector('.windowed table').getAttribute('aria-rowcount')) < {everything}")
    some = total(page)
    page.watch.expected_failures += 3
    field.fill("lr < and")
    page.wait_for_selector(".filter-row .message.bad")
    assert field.get_attribute("aria-invalid") == "true"
    assert total(page) == some
    field.fill("no_such_column > 3")
    until(page, "document.querySelector('.message.bad')?.innerText.includes('no_such_column')")
    field.fill("")
    until(page, f"document.querySelector('.windowed table').getAttribute('aria-rowcount') === '{everything + 1}'")
    assert page.locator(".filter-row .message.bad").count() == 0


def test_the_address_keeps_the_choice(open_page, dashboard):
    page = open_trials(open_page, dashboard, "conditional", "?where=lr+%3C+1e-2&sort=value.loss&reverse=true")
    assert page.get_by_label("Filter trials by an expression").input_value() == "lr < 1e-2"
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("loss")


def test_states_are_chosen(open_page, dashboard):
    page = open_trials(open_page, dashboard, "failed")
    rows = total(page)
    page.get_by_role("button", name="complete").click()
    until(page, "document.querySelector('.windowed table').getAttribute('aria-rowcount') === '1'")
    page.get_by_role("button", name="failed").click()
    until(page, f"document.querySelector('.windowed table').getAttribute('aria-rowcount') === '{rows + 1}'")


def test_columns_are_chosen_and_kept(open_page, dashboard):
    page = open_trials(open_page, dashboard, "conditional")
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("lr", exact=True).uncheck()
    page.get_by_label("Attempts", exact=True).check()
    heads = page.locator(".windowed thead").inner_text()
    assert "lr" not in heads.split() and "Attempts" in heads
    page.reload()
    page.locator(".windowed tbody tr[aria-rowindex='2'] a").wait_for()
    heads = page.locator(".windowed thead").inner_text()
    assert "lr" not in heads.split() and "Attempts" in heads


def test_comparison_marks_what_differs(open_page, dashboard):
    page = open_trials(open_page, dashboard, "conditional")
    page.get_by_label("Select trial 0", exact=True).check()
    page.get_by_label("Select trial 1", exact=True).check()
    page.get_by_role("button", name="Compare 2 trials").click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    differs = dialog.locator("tr.differs").all_inner_texts()
    assert any("lr" in row for row in differs)
    assert not any(row.startswith("state") for row in differs)
    page.keyboard.press("Escape")
    assert dialog.count() == 0


def test_export_is_what_is_chosen(open_page, dashboard):
    page = open_trials(open_page, dashboard, "conditional", "?where=layers+%3E+2")
    rows = total(page)
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON lines").click()
    with open(download.value.path()) as file:
        trials = [json.loads(line) for line in file if line.strip()]
    assert len(trials) == rows
    assert all(trial["params"]["layers"] > 2 for trial in trials)


def test_the_keyboard_is_enough(open_page, dashboard):
    page = open_trials(open_page, dashboard, "large")
    page.locator(".windowed").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-rowindex')") == "3"
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.keyboard.press("End")
    until(page, "document.activeElement.getAttribute('aria-rowindex') === document.querySelector('.windowed table').getAttribute('aria-rowcount')")
    until(page, "document.activeElement.querySelector('a') !== null")
    last = page.evaluate("document.activeElement.querySelector('a').innerText")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/trial/{last}")
