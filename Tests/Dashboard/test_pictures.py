"""Pictures that answer: pointing, pressing, brushing, scales, saving."""

import pytest


def picture(page, label):
    figure = page.get_by_label(label, exact=True)
    figure.scroll_into_view_if_needed()
    figure.locator(".plot > svg [data-trial]").first.wait_for(state="attached", timeout=30_000)
    figure.evaluate("node => node.scrollIntoView({block: 'center', behavior: 'instant'})")
    # The page listens to scrolls, which come with the next frame.
    page.wait_for_timeout(200)
    return figure


def first_mark(figure):
    """The number of a trial and where its mark stands on the screen."""
    return figure.evaluate("""figure => {
        for (const node of figure.querySelectorAll('.plot > svg circle[data-trial], .plot > svg polygon[data-trial]')) {
            const box = node.getBoundingClientRect();
            return {trial: node.dataset.trial, x: box.x + box.width / 2, y: box.y + box.height / 2};
        }
        const node = figure.querySelector('.plot > svg path[data-trial]');
        const [x, y] = node.getAttribute('d').match(/-?[\\d.]+/g).map(Number);
        const point = new DOMPoint(x, y).matrixTransform(node.getScreenCTM());
        return {trial: node.dataset.trial.split(' ')[0], x: point.x, y: point.y};
    }""")


def test_pointing_at_a_mark_shows_its_trial_and_pressing_opens_it(open_page, dashboard):
    number = dashboard.study("conditional")
    page = open_page(f"/study/{number}")
    mark = first_mark(picture(page, "History"))
    page.mouse.move(mark["x"] + 3, mark["y"] + 2)
    tip = page.locator(".tip")
    tip.wait_for()
    tip.locator("table").wait_for()
    shown = int(tip.locator("a").inner_text().split()[1])
    assert "lr" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.click(mark["x"] + 3, mark["y"] + 2)
    page.wait_for_url(f"**/trial/{shown}")


def test_nothing_is_shown_away_from_marks(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('conditional')}")
    box = picture(page, "History").locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 3)
    page.wait_for_timeout(200)
    assert not page.locator(".tip").is_visible()


@pytest.mark.parametrize("study", ["conditional", "large"])
def test_brushing_hides_lines_and_can_be_cleared(open_page, dashboard, study):
    page = open_page(f"/study/{dashboard.study(study)}")
    figure = picture(page, "Parallel coordinates")
    axis = figure.evaluate("""figure => {
        const box = figure.querySelector('line[data-axis]').getBoundingClientRect();
        return {x: box.x, y: box.y, height: box.height};
    }""")
    page.mouse.move(axis["x"], axis["y"] + axis["height"] * 0.02)
    page.mouse.down()
    page.mouse.move(axis["x"], axis["y"] + axis["height"] * 0.3, steps=5)
    page.mouse.up()
    figure.get_by_text("lines").wait_for()
    shown, _, total, *_ = figure.get_by_text(" lines").inner_text().split()
    assert int(shown) < int(total)
    assert figure.locator(".brushed-out").count() >= int(total) - int(shown)
    figure.get_by_role("button", name="Clear brushes").click()
    assert figure.locator(".brushed-out").count() == 0


def test_brushing_by_the_keyboard(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('running')}")
    figure = picture(page, "Parallel coordinates")
    zone = figure.get_by_role("slider").first
    assert zone.get_attribute("aria-valuetext") == "the whole axis"
    zone.focus()
    page.keyboard.press("ArrowDown")
    assert zone.get_attribute("aria-valuetext") == "from 0 to 20 percent of the axis"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    assert zone.get_attribute("aria-valuetext") in ("from 3 to 28 percent of the axis", "from 2 to 27 percent of the axis")
    figure.get_by_text(" lines").wait_for()
    shown, _, total, *_ = figure.get_by_text(" lines").inner_text().split()
    assert figure.locator(".brushed-out").count() >= int(total) - int(shown)
    page.keyboard.press("Escape")
    assert figure.locator(".brushed-out").count() == 0
    assert zone.get_attribute("aria-valuetext") == "the whole axis"


def test_a_front_in_space_is_turned(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('three')}")
    figure = picture(page, "Pareto front in space")
    holder = figure.locator(".turnable")
    place = "node => { const box = node.querySelector('svg [data-trial]').getBoundingClientRect(); return [box.x, box.y]; }"
    before = holder.evaluate(place)
    with page.expect_response(lambda answer: "front-3d.svg" in answer.url and "azimuth=45" in answer.url) as answer:
        holder.focus()
        page.keyboard.press("ArrowRight")
    assert answer.value.ok
    page.wait_for_timeout(300)
    assert holder.evaluate(place) != before
    box = holder.bounding_box()
    with page.expect_response(lambda answer: "front-3d.svg" in answer.url and "elevation=24" not in answer.url):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2 + 60, steps=6)
        page.mouse.up()
    # A drag opens no trial.
    assert "/trial/" not in page.url


def test_scale_and_metric_are_chosen(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('running')}")
    figure = picture(page, "Slices")
    with page.expect_response(lambda answer: "slices.svg" in answer.url and "scale=log" in answer.url) as answer:
        figure.get_by_label("Scale of Slices").select_option("log")
    assert answer.value.ok
    with page.expect_response(lambda answer: "slices.svg" in answer.url and "objective=accuracy" in answer.url) as answer:
        figure.get_by_label("Metric of Slices").select_option("accuracy")
    assert answer.value.ok


def test_pictures_are_saved(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('conditional')}")
    figure = picture(page, "History")
    begins = {"SVG": b"<svg", "PNG": b"\x89PNG"}
    for kind, start in begins.items():
        figure.locator("summary", has_text="Save").click()
        with page.expect_download() as download:
            figure.get_by_role("button", name=kind, exact=True).click()
        with open(download.value.path(), "rb") as file:
            assert file.read(len(start)) == start
    figure.locator("summary", has_text="Save").click()
    with page.expect_download() as download:
        figure.get_by_role("link", name="Data as CSV").click()
    with open(download.value.path(), "rb") as file:
        assert len(file.read()) > 100


def test_curves_of_a_trial(open_page, dashboard):
    number = dashboard.study("running")
    page = open_page(f"/study/{number}/trial/0")
    curves = page.locator(".curves")
    assert curves.locator("path").count() == 2
    page.get_by_label("accuracy").uncheck()
    assert curves.locator("path").count() == 1
    page.get_by_label("Logarithmic").check()
    assert curves.locator("path").count() == 1
    box = curves.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    curves.locator("p", has_text="Epoch").wait_for()
