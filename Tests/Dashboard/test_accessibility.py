"""Contrast, names, structure and focus, checked in the page itself."""

import pytest

PAGES = [
    ("/", None), ("/study/{}", "running"), ("/study/{}", "strange"), ("/study/{}", "empty"), ("/study/{}", "pareto"),
    ("/study/{}/trials", "conditional"), ("/study/{}/trial/0", "running"), ("/study/{}/trial/0", "failed"), ("/compare", None),
]

CHECK = """() => {
    const faults = [];
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = color => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const light = ([r, g, b]) => [r, g, b].map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = element => {
        for (let node = element; node; node = node.parentElement) {
            const color = rgba(getComputedStyle(node).backgroundColor);
            if (color[3] > 0.99) return color;
        }
        return [255, 255, 255, 1];
    };
    const isSeen = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
        && element.getBoundingClientRect().width > 1;
    const describe = element => `${element.localName}.${element.className?.baseVal ?? element.className} "${(element.innerText ?? '').slice(0, 30)}"`;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest('svg, noscript, option, script') || !isSeen(element)) continue;
        if (element.matches(':disabled, :disabled *')) continue;
        const style = getComputedStyle(element);
        const [front, back] = [light(rgba(style.color)), light(behind(element))];
        const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && parseInt(style.fontWeight) >= 700);
        if (contrast < (isLarge ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)}: ${describe(element)}`);
    }
    const nameOf = element => (element.getAttribute('aria-label') || (element.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.innerText ?? '').join('')
        || [...(element.labels ?? [])].map(label => label.textContent).join('') || element.textContent || element.getAttribute('title') || element.getAttribute('alt') || '').trim();
    for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=img], [tabindex="0"], img:not([alt=""])')) {
        if (element.closest('tr') && element.closest('[role=grid]')) continue;
        if (isSeen(element) && nameOf(element) === '') faults.push(`no name: ${describe(element)}`);
    }
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
    for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) faults.push(`id twice: ${id}`);
    for (const element of document.querySelectorAll('[aria-describedby], [aria-labelledby]')) {
        for (const name of ['aria-describedby', 'aria-labelledby']) {
            for (const id of (element.getAttribute(name) ?? '').split(' ').filter(Boolean)) {
                if (!document.getElementById(id)) faults.push(`${name} to nothing: ${id}`);
            }
        }
    }
    let level = 0;
    for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
        if (!isSeen(heading)) continue;
        const next = Number(heading.localName[1]);
        if (next > level + 1) faults.push(`heading level ${next} after ${level}: ${describe(heading)}`);
        level = next;
    }
    if (document.querySelectorAll('main').length !== 1 || document.querySelectorAll('h1').length !== 1) faults.push('not one main and one h1');
    if (!document.documentElement.lang) faults.push('no language');
    if (!document.title) faults.push('no title');
    return faults;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path, study", PAGES)
def test_contrast_names_and_structure(open_page, dashboard, path, study, scheme):
    page = open_page(path.format(dashboard.study(study)) if study else path, scheme=scheme)
    page.wait_for_timeout(1500)
    assert page.evaluate(CHECK) == []


def test_dialogs(open_page, dashboard):
    page = open_page(f"/study/{dashboard.study('conditional')}")
    page.get_by_role("button", name="Add trial").click()
    page.get_by_role("dialog").wait_for()
    assert page.evaluate(CHECK) == []
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    # The focus is where it was.
    assert page.evaluate("document.activeElement.innerText") == "Add trial…"


@pytest.mark.parametrize("path, study", PAGES)
def test_the_tab_key_reaches_everything_in_order(open_page, dashboard, path, study):
    page = open_page(path.format(dashboard.study(study)) if study else path)
    page.wait_for_timeout(1000)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to content"
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        state = page.evaluate("""() => {
            const node = document.activeElement;
            if (node === document.body) return null;
            const style = getComputedStyle(node);
            const box = node.getBoundingClientRect();
            return {tag: node.localName, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1, seen: box.width > 0};
        }""")
        if state is None:
            break
        seen.append(state)
    assert len(seen) >= 3
    assert all(state["outline"] for state in seen), [state for state in seen if not state["outline"]]
    assert all(state["seen"] for state in seen)


def test_the_skip_link_leads_to_the_content(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("path, study", PAGES)
def test_narrow_pages_do_not_scroll_sideways(open_page, dashboard, path, study, width):
    page = open_page(path.format(dashboard.study(study)) if study else path, width=width)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("path, study", PAGES)
def test_layout_does_not_shift_while_nothing_is_touched(open_page, dashboard, path, study):
    page = open_page(path.format(dashboard.study(study)) if study else path, ready="body")
    page.evaluate("""() => {
        window.shift = 0;
        window.sources = [];
        new PerformanceObserver(list => {
            for (const entry of list.getEntries()) {
                window.shift += entry.value;
                window.sources.push(...entry.sources.map(source => `${source.node?.localName ?? source.node?.nodeName}.${source.node?.className} ${Math.round(source.previousRect.y)} to ${Math.round(source.currentRect.y)}`));
            }
        }).observe({type: 'layout-shift', buffered: true});
    }""")
    page.wait_for_timeout(3500)
    # Google's bound for good pages is 0.1.
    assert page.evaluate("window.shift") < 0.1, page.evaluate("window.sources")
