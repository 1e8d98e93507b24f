"""What `Documentation/python.md` and the README show is what happens: each program is run, in order."""

import os
import pathlib
import re
import subprocess
import sys
from typing import List, Tuple

from conftest import python

from outerloop.command import executable

FOLDER = pathlib.Path(
    os.environ.get("OUTERLOOP_DOCUMENTATION") or pathlib.Path(__file__).parents[2] / "Documentation"
)


def blocks(name: str) -> List[Tuple[str, str]]:
    page = FOLDER.parent / name if name == "README.md" else FOLDER / name
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def test_the_page() -> None:
    folders = [str(pathlib.Path(executable()).parent), str(pathlib.Path(sys.executable).parent)]
    environment = {**os.environ, "PATH": os.pathsep.join([*folders, os.environ["PATH"]])}
    count, output = 0, ""
    for language, text in blocks("python.md"):
        if language == "python":
            name = text.split("\n", 1)[0][2:]
            pathlib.Path(name).write_text(text, encoding="utf-8")
            if name == "train.py":
                continue
            ending = python(name, env=environment)
            assert ending.returncode == 0, f"{name}: {ending.stderr}"
            output, count = ending.stdout, count + 1
        elif language == "sh" and "pip install" not in text:
            shell = subprocess.run(["sh", "-ec", text], capture_output=True, text=True, env=environment, timeout=300)
            assert shell.returncode == 0, shell.stderr
            count += 1
        elif language == "" and output and not text.startswith("import"):
            assert output == text
    assert count == 5


def test_the_readme() -> None:
    programs = [text for language, text in blocks("README.md") if language == "python" and "outerloop" in text]
    assert programs
    for text in programs:
        pathlib.Path("readme.py").write_text(text, encoding="utf-8")
        ending = python("readme.py")
        assert ending.returncode == 0, ending.stderr
