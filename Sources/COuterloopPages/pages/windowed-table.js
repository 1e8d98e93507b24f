// A table of any length: only the visible rows are in the document. Rows have one height; two rows
// that are spacers represent those above and below.

import { h, put } from "./dom.js";

const rowHeight = 30;
const overscan = 12;
// Browsers know no element higher than about 33 million pixels: a longer table scrolls by
// proportion.
const highest = 16_000_000;

/**
 * `columns` as in columns.js; `rows` a `Rows`; `onSort(column)`, `onOpen(row)`, `onSelect(row)` tell
 * what was pressed; `isSelected(row)` says which rows are marked.
 */
export class WindowedTable {
  #first = 0;
  #shown = new Map();
  #active = 0;
  #lastTop = 0;
  #isAsked = false;

  constructor({ label, rows, onSort, onOpen, onSelect, isSelected }) {
    Object.assign(this, { rows, onSort, onOpen, onSelect, isSelected });
    this.columns = [];
    this.head = h("thead");
    this.above = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
    this.below = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
    this.body = h("tbody", null, this.above, this.below);
    this.group = h("colgroup");
    this.table = h("table", { role: "grid", "aria-label": label, "aria-multiselectable": "true" }, this.group, this.head, this.body);
    this.element = h("div", { class: "windowed", tabindex: 0, role: "group", "aria-label": `${label}, scrollable` }, this.table);
    this.element.style.setProperty("--row-height", `${rowHeight}px`);
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Other columns, or another order. */
  setColumns(columns, sort, isReverse) {
    this.columns = columns;
    put(this.group, h("col"), columns.map(() => h("col")));
    const widths = [38, ...columns.map((column) => column.width)];
    [...this.group.children].forEach((node, index) => { node.style.width = `${widths[index]}px`; });
    this.table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
    this.table.setAttribute("aria-colcount", columns.length + 1);
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    put(this.head, h("tr", { "aria-rowindex": 1 },
      h("th", { class: "check", scope: "col" }, h("span", { class: "visually-hidden" }, "Selected")),
      columns.map((column) => h("th", {
        scope: "col", class: column.number ? "number" : null,
        "aria-sort": column.sort !== null && column.sort === sort ? (isReverse ? "descending" : "ascending") : null,
      }, column.sort === null ? h("span", { title: column.title }, column.title) : h("button", {
        type: "button", data: { key: column.key }, title: `Sort by ${column.title}`, onclick: () => this.onSort(column),
      }, h("span", null, column.title))))));
    if (focused !== null) this.head.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.redraw();
  }

  /** Rebuilds all visible rows. */
  redraw() {
    const focused = this.body.contains(document.activeElement);
    for (const row of this.#shown.values()) row.remove();
    this.#shown.clear();
    this.draw();
    if (focused) this.#focus(this.#active);
  }

  get #height() { return Math.min(highest, this.rows.total * rowHeight); }
  get #headHeight() { return this.head.offsetHeight; }
  get #sight() { return Math.max(1, Math.ceil((this.element.clientHeight - this.#headHeight) / rowHeight)); }

  /** The row at the top of the view, with its fraction. */
  get #position() {
    const total = this.rows.total * rowHeight;
    if (total <= highest) return this.element.scrollTop / rowHeight;
    const room = this.#height - this.element.clientHeight + this.#headHeight;
    return (this.element.scrollTop / room) * (this.rows.total - this.#sight + 1);
  }

  #scrollTo(position) {
    const total = this.rows.total * rowHeight;
    const room = this.#height - this.element.clientHeight + this.#headHeight;
    this.element.scrollTop = total <= highest ? position * rowHeight : (position / (this.rows.total - this.#sight + 1)) * room;
  }

  /** The visible rows: `[first, last]`. */
  get range() {
    const first = Math.max(0, Math.floor(this.#position));
    return [first, Math.min(Math.max(0, this.rows.total - 1), first + this.#sight)];
  }

  /** The row that should stay in place, the focused or the top one: to find it again after a change. */
  get anchor() {
    const index = this.body.contains(document.activeElement) ? this.#active : this.range[0];
    const row = this.rows.row(index);
    return row === null ? null : { index, number: row.number, top: this.element.scrollTop };
  }

  /** Rows may have moved: keeps the anchor where it was. Returns false while it cannot be found. */
  keep(anchor) {
    if (anchor === null || anchor.top !== this.element.scrollTop) return true;
    // A view at the top should show new rows as they arrive.
    const isFocused = this.body.contains(document.activeElement);
    if (!isFocused && anchor.top < rowHeight) return true;
    const index = this.#find(anchor);
    if (index === null) return false;
    const by = index - anchor.index;
    if (by === 0) return true;
    this.#active += by;
    // The new position has to exist before scrolling to it.
    this.below.firstChild.style.height = `${this.#height}px`;
    this.#scrollTo(this.#position + by);
    this.draw();
    if (isFocused) this.#shown.get(this.#active)?.focus({ preventScroll: true });
    return true;
  }

  #find({ index, number }) {
    for (let step = 0; step <= 1000; step += 1) {
      for (const place of [index + step, index - step]) {
        if (place >= 0 && this.rows.row(place)?.number === number) return place;
      }
    }
    return null;
  }

  /** Updates the document for the view. */
  draw() {
    // Read before anything is removed: a layout in between would find the table shorter, and scroll it.
    const [first, last] = this.range;
    const top = this.element.scrollTop;
    const fraction = this.#position % 1;
    const direction = Math.sign(top - this.#lastTop);
    this.#lastTop = top;
    const from = Math.max(0, first - overscan);
    const to = Math.min(this.rows.total - 1, last + overscan);
    this.table.setAttribute("aria-rowcount", this.rows.total + 1);
    for (const [index, row] of this.#shown) {
      if (index < from || index > to) {
        if (row.contains(document.activeElement)) this.element.focus({ preventScroll: true });
        row.remove();
        this.#shown.delete(index);
      }
    }
    let next = this.above.nextSibling;
    for (let index = from; index <= to; index += 1) {
      let row = this.#shown.get(index);
      if (row === undefined) {
        row = h("tr", { "aria-rowindex": index + 2, tabindex: -1 });
        this.#shown.set(index, row);
        this.body.insertBefore(row, next);
      } else {
        next = row.nextSibling;
      }
      this.#fill(row, index);
    }
    const above = this.rows.total * rowHeight <= highest
      ? from * rowHeight
      : Math.max(0, top - (first - from + fraction) * rowHeight);
    this.above.firstChild.style.height = `${above}px`;
    const drawn = Math.max(0, to - from + 1) * rowHeight;
    this.below.firstChild.style.height = `${Math.max(0, this.#height - above - drawn)}px`;
    this.above.firstChild.colSpan = this.columns.length + 1;
    this.below.firstChild.colSpan = this.columns.length + 1;
    this.#active = Math.min(Math.max(this.#active, 0), Math.max(0, this.rows.total - 1));
    for (const [index, row] of this.#shown) row.tabIndex = index === this.#active ? 0 : -1;
    if (!this.#isAsked) {
      this.#isAsked = true;
      requestAnimationFrame(() => {
        this.#isAsked = false;
        const [a, b] = this.range;
        this.rows.want(a, b, direction);
      });
    }
  }

  #fill(row, index) {
    const data = this.rows.row(index);
    if (row.data === data && row.columns === this.columns && data !== null) {
      this.#mark(row, data);
      return;
    }
    if (data === null && row.isPlaceholder) return;
    const focused = row.contains(document.activeElement) && document.activeElement !== row ? document.activeElement.type : null;
    row.data = data;
    row.columns = this.columns;
    row.isPlaceholder = data === null;
    if (data === null) {
      put(row, h("td"), this.columns.map(() => h("td", null, h("span", { class: "placeholder-bar" }))));
      row.removeAttribute("aria-selected");
      return;
    }
    put(row, h("td", { class: "check" }, h("input", {
      type: "checkbox", tabindex: -1, "aria-label": `Select trial ${data.number}`,
    })), this.columns.map((column) => h("td", { class: column.number ? "number" : null }, column.cell(data))));
    if (focused) row.querySelector("input")?.focus();
    this.#mark(row, data);
  }

  #mark(row, data) {
    const isSelected = this.isSelected(data);
    row.setAttribute("aria-selected", String(isSelected));
    row.querySelector("input").checked = isSelected;
  }

  #indexOf(row) { return Number(row.getAttribute("aria-rowindex")) - 2; }

  #click(event) {
    const row = event.target.closest("tr");
    if (row === null || !row.data) return;
    this.#active = this.#indexOf(row);
    for (const [index, other] of this.#shown) other.tabIndex = index === this.#active ? 0 : -1;
    if (event.target.closest("a")) return;
    if (event.target.closest("td.check")) {
      this.onSelect(row.data, event.shiftKey);
      this.draw();
    } else if (getSelection().isCollapsed) {
      this.onOpen(row.data, event.ctrlKey || event.metaKey);
    }
  }

  #focus(index) {
    this.#active = Math.min(Math.max(0, index), Math.max(0, this.rows.total - 1));
    const [first] = this.range;
    const position = this.#position;
    if (this.#active < Math.ceil(position)) this.#scrollTo(this.#active);
    else if (this.#active > first + this.#sight - 2) this.#scrollTo(this.#active - this.#sight + 2);
    this.draw();
    this.#shown.get(this.#active)?.focus({ preventScroll: true });
  }

  #key(event) {
    if (event.target.closest("thead") || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: this.#sight - 1, PageUp: 1 - this.#sight, Home: -Infinity, End: Infinity };
    if (event.key in steps && this.rows.total > 0) {
      event.preventDefault();
      const isInside = this.body.contains(document.activeElement);
      const start = isInside || Math.abs(this.#active - this.range[0]) <= this.#sight ? this.#active : this.range[0];
      this.#focus(isInside || Math.abs(steps[event.key]) > 1 ? start + steps[event.key] : start);
      return;
    }
    const row = document.activeElement.closest?.("tbody tr");
    if (!row?.data || event.target.closest("a")) return;
    if (event.key === "Enter") { event.preventDefault(); this.onOpen(row.data, false); }
    if (event.key === " " || event.key === "x") {
      event.preventDefault();
      this.onSelect(row.data, event.shiftKey);
      this.draw();
    }
  }
}
