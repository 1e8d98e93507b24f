"""What notebooks and terminals show."""

import io
import sys
from typing import Any
from xml.dom import minidom

import pytest
from conftest import X, square

import outerloop
from outerloop.progress import Progress


def test_a_study_shows_itself() -> None:
    with outerloop.Study(space={**X, "<b>": ["<i>", "b"]}, minimize="loss") as study:
        assert study._repr_svg_() is None
        study.run(square, trials=12)
        html = study._repr_html_()
        assert html.count("<tr>") == 11 and "the best 10 of 12 trials" in html
        assert "&lt;b&gt;" in html and "<i>" not in html
        assert minidom.parseString(study._repr_svg_() or "").documentElement.tagName == "svg"
        assert repr(study).startswith("<study study in memory, 12 trials, best loss ")
        assert "history" in study.plots
        for kind in study.plots:
            picture = study.plot(kind)
            assert picture._repr_svg_().startswith("<svg"), kind
        picture.save("picture.svg")
        with pytest.raises(FileExistsError):
            picture.save("picture.svg")
        with pytest.raises(outerloop.UsageError, match="hisory"):
            study.plot("hisory")
        assert abs(sum(study.importance().values()) - 1) < 1e-6


def progress(wanted: Any = True, **more: Any) -> Progress:
    given = {"done": 3, "total": 9, "best": None, "minimizes": True, "metric": "loss", **more}
    return Progress(wanted, **given)


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = progress(None)
    line.began(1)
    line.ended(4, {"state": "complete", "values": [0.25]}, 0)
    line.ended(5, {"state": "failed"}, 0)
    line.close()
    assert "\rtrial 5/9  best loss 0.25 (#4)" in terminal.getvalue() and terminal.getvalue().endswith("\n")


def test_no_progress_elsewhere(capsys: Any) -> None:
    for wanted, text in ((None, ""), (False, ""), (True, "trial 4/9  best loss 1 (#3)\n")):
        line = progress(wanted)
        line.began(1)
        line.ended(3, {"state": "complete", "values": [1.0]}, 0)
        line.close()
        assert capsys.readouterr().err == text


def test_progress_of_a_study(capsys: Any) -> None:
    with outerloop.Study(space=X, minimize="loss") as study:
        study.run(square, trials=5)
        assert capsys.readouterr().err == ""
        study.run(square, trials=8, progress=True)
        assert capsys.readouterr().err.startswith("trial 8/8  best loss ")
