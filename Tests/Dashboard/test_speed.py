"""First paint of data: the bounds that the pages are held to, with room for slow machines."""

import os

import pytest

ROOM = float(os.environ.get("OUTERLOOP_ROOM", "3"))


@pytest.mark.parametrize("study, bound", [("conditional", 0.2), ("large", 1.0)])
def test_first_paint_of_a_study(open_page, dashboard, study, bound):
    number = dashboard.study(study)
    dashboard.get(f"/studies/{number}")
    page = open_page(f"/study/{number}", ready=".progress")
    painted = page.evaluate("performance.now()") / 1000
    assert painted < bound * ROOM
