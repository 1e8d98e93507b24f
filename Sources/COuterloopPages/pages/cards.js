// Cards whose content is redrawn when its data has changed.

import { h, isInUse, put } from "./dom.js";

/** A titled part of a page. */
export class Card {
  #stamp = null;

  constructor(name, className = "") {
    this.body = h("div", { class: "stack" });
    this.heading = h("h2", null, name);
    this.element = h("section", { class: `card ${className}`, "aria-label": name }, h("header", null, this.heading), this.body);
  }

  /** Redraws with `make()` if the data `shown` differs from the last time and no text in it is selected. */
  update(shown, make) {
    const stamp = JSON.stringify(shown);
    if (stamp === this.#stamp || isInUse(this.body)) return;
    this.#stamp = stamp;
    put(this.body, make());
  }
}

/** Names with their values, one per line; null lines are omitted. */
export function facts(lines, className = "") {
  return h("table", { class: `facts ${className}` }, h("tbody", null, lines.filter(Boolean).map(
    ([name, value]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, value)))));
}

/**
 * A table that is scrolled sideways where it is too wide. A column is its title, or `{title}` for one of
 * numbers; a row is its cells.
 */
export function dataTable(label, columns, rows, caption = null) {
  const kinds = columns.map((column) => (typeof column === "object" ? "number" : null));
  const titles = columns.map((column) => String(column.title ?? column).slice(0, 80));
  return h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": label },
    h("table", null, caption ? h("caption", { class: "soft" }, caption) : null,
      h("thead", null, h("tr", null, titles.map((title, index) => h("th", { scope: "col", class: kinds[index] }, title)))),
      h("tbody", null, rows.map((cells) => h("tr", null,
        cells.map((cell, index) => h("td", { class: kinds[index] }, cell)))))));
}
