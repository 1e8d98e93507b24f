// Brushing the axes of parallel coordinates: lines that leave a brushed range are hidden.

import { s } from "./dom.js";

const reach = 14;

/** Brushes by the name of their axis, as shares of its length; they outlive the picture. */
export class Brushes {
  ranges = new Map();

  constructor(onChange) { this.onChange = onChange; }

  clear() {
    this.ranges.clear();
    this.#draw();
  }

  /** Puts the brushes on a picture with the lines `marks` (see marks.js). */
  attach(svg, marks) {
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
  }

  #zone(name, axis) {
    const zone = s("rect", { class: "axis-zone", x: axis.x - reach, y: axis.top - 8, width: 2 * reach, height: axis.bottom - axis.top + 16 });
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
        // A press without a move takes the brush away.
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

  #draw() {
    if (!this.svg) return;
    for (const [name, axis] of this.axes) {
      const range = this.ranges.get(name);
      axis.brush?.setAttribute("visibility", range ? "visible" : "hidden");
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
      // Half a pixel of tolerance: a brush to the end takes what lies on the end.
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
