// The menu that chooses columns.

import { h, put } from "./dom.js";
import { keepColumns, shownColumns } from "./columns.js";

/** A menu of all columns of a study; `onChange(shown)` gets those chosen. */
export function columnMenu(study, columns, onChange) {
  let shown = shownColumns(study, columns);
  const body = h("div", { class: "menu-body" });
  const groups = [...new Set(columns.map((column) => column.group))];
  put(body, groups.map((group) => [
    h("h3", null, group),
    columns.filter((column) => column.group === group && !column.isFixed).map((column) => h("label", { class: "inline" }, h("input", {
      type: "checkbox", checked: shown.includes(column),
      onchange(event) {
        shown = columns.filter((other) => (other === column ? event.target.checked : shown.includes(other)));
        keepColumns(study, columns, shown);
        onChange(shown);
      },
    }), h("span", null, column.title.slice(0, 120)))),
  ]));
  return { element: h("details", { class: "menu" }, h("summary", null, "Columns"), body), shown };
}
