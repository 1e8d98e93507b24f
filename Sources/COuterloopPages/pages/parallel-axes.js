// Brushing the axes of parallel coordinates: lines that leave a brushed range are hidden.

import { s } from "./dom.js";

const reach = 14;
// The fraction of an axis per press of an arrow key.
const step = 0.05;

/** Brushes by the name of their axis, as fractions of its length; they outlive the picture. */
export class Brushes {
  ranges = new Map();

  constructor(onChange) { this.onChange = onChange; }

  clear() {
    this.ranges.clear();
    this.#draw();
  }

  /** Puts the brushes on a picture with the lines `marks` (see marks.js). */
  attach(svg, marks) {
    const focused = document.activeElement?.closest?.(".axis-zone")?.dataset.name;
    this.svg = svg;
    this.marks = marks.filter((mark) => mark.line);
    const toRoot = svg.getScreenCTM()?.inverse();
    this.axes = new Map();
    for (const node of svg.querySelectorAll("line[data-axis]")) {
      const matrix = toRoot.multiply(node.getScreenCTM());
      const x = matrix.a * Number(node.getAttribute("x1")) + matrix.e;
      const ys = ["y1", "y2"].map((name) => matrix.d * Number(node.getAttribute(name)) + matrix.f);
      this.axes.set(node.dataset.axis, { x, top: Math.min(...ys), bottom: Math.max(...ys) });
    }
    if (this.axes.size < 2) return;
    for (const [name, axis] of this.axes) this.#zone(name, axis);
    this.#draw();
    if (focused !== undefined) this.axes.get(focused)?.zone.focus({ preventScroll: true });
  }

  #zone(name, axis) {
    const zone = s("rect", {
      class: "axis-zone", "data-name": name, tabindex: 0, role: "slider", "aria-orientation": "vertical",
      "aria-label": `Range of ${name}`, "aria-valuemin": 0, "aria-valuemax": 100,
      "aria-description": "The up and down arrow keys move a range, with Shift they widen and narrow it, Escape removes it.", x: axis.x - reach, y: axis.top - 8, width: 2 * reach, height: axis.bottom - axis.top + 16,
    });
    axis.zone = zone;
    zone.addEventListener("keydown", (event) => this.#press(event, name));
    axis.brush = s("rect", { class: "brush", x: axis.x - reach / 2, width: reach, y: 0, height: 0, visibility: "hidden" });
    const share = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      return Math.max(0, Math.min(1, (point.y - axis.top) / (axis.bottom - axis.top)));
    };
    const begin = (event, isMove) => {
      event.preventDefault();
      event.stopPropagation();
      const target = event.currentTarget;
      target.setPointerCapture(event.pointerId);
      const start = share(event);
      const before = this.ranges.get(name);
      let isMoved = false;
      const move = (next) => {
        const now = share(next);
        if (Math.abs(now - start) * (axis.bottom - axis.top) > 3) isMoved = true;
        if (!isMoved) return;
        if (isMove && before) {
          const by = Math.max(-before[0], Math.min(1 - before[1], now - start));
          this.ranges.set(name, [before[0] + by, before[1] + by]);
        } else {
          this.ranges.set(name, [Math.min(start, now), Math.max(start, now)]);
        }
        this.#draw();
      };
      const end = () => {
        target.removeEventListener("pointermove", move);
        // A press without a move removes the brush.
        if (!isMoved) { this.ranges.delete(name); this.#draw(); }
      };
      target.addEventListener("pointermove", move);
      target.addEventListener("pointerup", end, { once: true });
      target.addEventListener("pointercancel", end, { once: true });
    };
    zone.addEventListener("pointerdown", (event) => begin(event, false));
    axis.brush.addEventListener("pointerdown", (event) => begin(event, true));
    this.svg.append(zone, axis.brush);
  }

  /** Brushing by the keyboard: the first arrow selects the fifth at that end of the axis. */
  #press(event, name) {
    const range = this.ranges.get(name);
    const sign = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape" || event.key === "Delete" || event.key === "Backspace") {
      this.ranges.delete(name);
    } else if (sign === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    } else if (!range) {
      this.ranges.set(name, sign < 0 ? [0, 0.2] : [0.8, 1]);
    } else if (event.shiftKey) {
      const by = Math.min(sign * step / 2, (range[1] - range[0] - step) / 2);
      this.ranges.set(name, [Math.max(0, range[0] + by), Math.min(1, range[1] - by)]);
    } else {
      const by = Math.max(-range[0], Math.min(1 - range[1], sign * step));
      this.ranges.set(name, [range[0] + by, range[1] + by]);
    }
    event.preventDefault();
    event.stopPropagation();
    this.#draw();
  }

  #draw() {
    if (!this.svg) return;
    for (const [name, axis] of this.axes) {
      const range = this.ranges.get(name);
      axis.brush?.setAttribute("visibility", range ? "visible" : "hidden");
      const percent = (range ?? [0, 1]).map((share) => Math.round(100 * (1 - share))).reverse();
      axis.zone?.setAttribute("aria-valuenow", String(percent[0]));
      axis.zone?.setAttribute("aria-valuetext", range ? `from ${percent[0]} to ${percent[1]} percent of the axis` : "the whole axis");
      if (!range) continue;
      const length = axis.bottom - axis.top;
      axis.brush.setAttribute("y", axis.top + range[0] * length);
      axis.brush.setAttribute("height", Math.max(2, (range[1] - range[0]) * length));
    }
    const shown = new Set();
    const all = new Set();
    for (const mark of this.marks) {
      const isIn = this.#isIn(mark.line);
      mark.node.classList.toggle("brushed-out", !isIn);
      all.add(mark.trial);
      if (isIn) shown.add(mark.trial);
    }
    this.onChange(shown.size, all.size, this.ranges.size);
  }

  #isIn(line) {
    for (const [name, range] of this.ranges) {
      const axis = this.axes.get(name);
      if (!axis) continue;
      const y = heightAt(line, axis.x);
      if (y === null) continue;
      const share = (y - axis.top) / (axis.bottom - axis.top);
      // Half a pixel of tolerance: a brush to the end includes lines at the end.
      const slack = 0.5 / (axis.bottom - axis.top);
      if (share < range[0] - slack || share > range[1] + slack) return false;
    }
    return true;
  }
}

/** The height of a line at `x`, or null where it does not pass. */
function heightAt(line, x) {
  for (let index = 1; index < line.length; index += 1) {
    const [ax, ay] = line[index - 1];
    const [bx, by] = line[index];
    if (x < Math.min(ax, bx) - 0.5 || x > Math.max(ax, bx) + 0.5) continue;
    return bx === ax ? ay : ay + ((x - ax) / (bx - ax)) * (by - ay);
  }
  return null;
}
