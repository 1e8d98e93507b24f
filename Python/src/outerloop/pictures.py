"""Pictures and tables that notebooks display."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, List, Mapping, Sequence, Union

if TYPE_CHECKING:
    from .records import TrialRecord


class Picture:
    """A plot of a study, as SVG. A notebook displays it."""

    def __init__(self, name: str, svg: str) -> None:
        #: What it shows, such as `history` or `slices-loss`.
        self.name = name
        #: The SVG text.
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes the picture to a file, which must not exist yet."""
        with open(path, "x", encoding="utf-8") as file:
            file.write(self.svg)

    def __repr__(self) -> str:
        return f"<picture {self.name}, {len(self.svg)} bytes of SVG>"


def table(head: str, rows: Sequence["TrialRecord"], note: str) -> str:
    """Trials as an HTML table."""
    import html

    metrics = _keys([row.values for row in rows])
    names = _keys([row.params for row in rows])
    columns = ["trial", "state", *metrics, *names]
    lines = [f"<p><b>{html.escape(head)}</b></p>", "<table><thead><tr>"]
    lines += [f"<th>{html.escape(column)}</th>" for column in columns]
    lines.append("</tr></thead><tbody>")
    for row in rows:
        values = [_cell(row.values.get(metric)) for metric in metrics]
        params = [_cell(row.params.get(name)) for name in names]
        cells = [str(row.number), row.state, *values, *params]
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    lines.append("</tbody></table>")
    if note:
        lines.append(f"<p>{html.escape(note)}</p>")
    return "".join(lines)


def _keys(rows: Sequence[Mapping[str, object]]) -> List[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
