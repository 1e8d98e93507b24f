"""The headings of Markdown pages, and the fragments by which a forge links to them."""

import re


def without_blocks(page):
    """The text of a page without its code blocks."""
    return re.sub(r"^```.*?^```[ \t]*$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def headings(page, least=1):
    """The headings from level `least` on, in order, without markup."""
    found = re.findall(rf"^#{{{least},}} +(.*?)\s*$", without_blocks(page), re.M)
    return [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in found]


def fragment(heading):
    """The name of a heading on a rendered page: lowercase, without punctuation, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
