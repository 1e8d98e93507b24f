// Pictures that the server draws, made interactive: pointing at a mark shows its trial, pressing it
// opens the trial; axes can be brushed; scale, objective and metric are chosen; pictures are saved.

import { ApiError, request } from "./api.js";
import { fileName, savePNG, saveSVG } from "./download.js";
import { h, put, s, setText } from "./dom.js";
import { errorNotice } from "./messages.js";
import { marksOf, nearest } from "./marks.js";
import { Brushes } from "./parallel-axes.js";
import { recallJSON, rememberJSON } from "./storage.js";
import { makeTurnable } from "./turning.js";

const reach = 12;
const titles = {
  history: "History", curves: "Learning curves", rungs: "Rungs", regret: "Regret", slices: "Slices",
  parallel: "Parallel coordinates", rank: "Ranks", contour: "Contour", model: "Model",
  importance: "Importance", front: "Pareto front", "front-3d": "Pareto front in space", hypervolume: "Hypervolume", timeline: "Timeline",
  distribution: "Distribution",
};
// Pictures whose value axes may be logarithmic, and that accept a metric instead of the objective.
const scaled = new Set(["history", "curves", "regret", "slices", "parallel", "contour", "model", "front", "front-3d", "distribution", "compare"]);
const inSpace = new Set(["front-3d"]);
const wide = new Set(["timeline", "slices", "rank", "contour"]);

/** Puts an SVG text into `holder` as nodes; returns the root, or null if it is invalid. */
export function insertSVG(holder, text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.localName !== "svg" || parsed.querySelector("parsererror") !== null) return null;
  for (const node of parsed.querySelectorAll("script, foreignObject, a, iframe, style, animate, set")) node.remove();
  const svg = document.importNode(parsed, true);
  const [, , width, height] = (svg.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  holder.style.setProperty("--ratio", String(width > 0 && height > 0 ? width / height : 1.6));
  holder.querySelector(":scope > svg")?.remove();
  holder.querySelector(":scope > .plot-note")?.remove();
  holder.prepend(svg);
  return svg;
}

/**
 * One picture as a card. `source(query)` is its address; `metrics` may be chosen from, those of
 * `objectives` have a direction already, and with `hasAll` nothing need be chosen; `tip` is the
 * `TrialTip` of the page.
 */
export class Plot {
  #text = null;
  #marks = [];
  #isSeen = false;
  #isDue = true;
  #isLoading = false;
  #took = 0;
  #last = -Infinity;
  #timer = null;
  #ring = null;

  constructor({ name, summary, title, source, csv, study, studyName, metrics, objectives = [], hasAll = false, tip, isAlwaysWide }) {
    Object.assign(this, { name, source, study, studyName, tip });
    this.query = {};
    this.key = `ratio:${study ?? "compare"}:${name}`;
    const shown = title ?? titles[name] ?? name;
    this.holder = h("div", { class: "plot" }, h("div", { class: "plot-note" }, "Drawing…"));
    this.holder.style.setProperty("--ratio", String(recallJSON(this.key, 1.6)));
    this.brushText = h("span", { class: "soft", "aria-live": "polite" });
    this.brushClear = h("button", { type: "button", onclick: () => this.brushes.clear() }, "Clear brushes");
    this.brushRow = h("div", { class: "row", hidden: true }, this.brushText, this.brushClear);
    this.brushes = new Brushes((inside, all, count) => {
      this.brushRow.hidden = count === 0;
      setText(this.brushText, `${inside} of ${all} lines`);
    });
    const controls = h("div", { class: "row" });
    if (metrics && metrics.length > 1) controls.append(...this.#metricControls(shown, metrics, objectives, hasAll));
    if (scaled.has(name)) {
      controls.append(h("select", { "aria-label": `Scale of ${shown}`, onchange: (event) => this.choose({ scale: event.target.value }) },
        [["", "Scale: auto"], ["linear", "Linear"], ["log", "Logarithmic"]].map(([value, text]) => h("option", { value }, text))));
    }
    const file = () => fileName(studyName, name, this.query.objective);
    controls.append(h("details", { class: "menu" }, h("summary", null, "Save"), h("div", { class: "menu-body" },
      h("button", { type: "button", onclick: () => this.#save(() => saveSVG(this.#text, file())) }, "SVG"),
      h("button", { type: "button", onclick: () => this.#save(() => savePNG(this.#text, file())) }, "PNG"),
      csv ? h("a", { href: csv, download: fileName(studyName, "trials") + ".csv" }, "Data as CSV") : null)));
    const isWide = isAlwaysWide || wide.has(name);
    const toggle = h("button", { type: "button", class: "widen", "aria-pressed": String(isWide), title: "Over the whole width" }, "Wide");
    toggle.addEventListener("click", () => {
      const on = this.element.classList.toggle("wide");
      toggle.setAttribute("aria-pressed", String(on));
    });
    if (!isAlwaysWide) controls.append(toggle);
    this.element = h("section", { class: `card figure${isWide ? " wide" : ""}`, "aria-label": shown },
      h("header", null, h("h2", null, shown), controls),
      summary ? h("p", { class: "summary" }, summary) : null, this.holder, this.brushRow);
    if (inSpace.has(name)) makeTurnable(this.holder, shown, (eye) => this.choose(eye));
    this.#listen();
    // On a narrow screen a picture is wider than its container, and has to be scrollable by keyboard too.
    new ResizeObserver(() => {
      const isScrolled = this.holder.scrollWidth > this.holder.clientWidth + 1;
      if (inSpace.has(name)) return;
      this.holder.toggleAttribute("tabindex", isScrolled);
      if (isScrolled) this.holder.tabIndex = 0;
    }).observe(this.holder);
    new IntersectionObserver(([entry]) => {
      this.#isSeen = entry.isIntersecting;
      this.#consider();
    }, { rootMargin: "300px" }).observe(this.element);
  }

  #metricControls(shown, metrics, objectives, hasAll) {
    const direction = h("select", { "aria-label": `Direction of ${shown}`, hidden: true, onchange: () => this.choose({ direction: direction.value }) },
      h("option", { value: "minimize" }, "Minimize"), h("option", { value: "maximize" }, "Maximize"));
    const metric = h("select", {
      "aria-label": `Metric of ${shown}`,
      onchange: () => {
        // Only the study knows whether less of it is better, and only of its objectives.
        direction.hidden = metric.value === "" || objectives.includes(metric.value);
        this.choose({ objective: metric.value, direction: direction.hidden ? null : direction.value });
      },
    }, hasAll ? h("option", { value: "" }, objectives.length > 1 ? "All objectives" : "Objective") : null,
    metrics.map((name) => h("option", { value: name }, name.slice(0, 60))));
    return [metric, direction];
  }

  choose(change) {
    this.query = { ...this.query, ...change };
    this.#last = -Infinity;
    this.changed();
  }

  /** The study changed: the picture is redrawn when it is visible, at a limited rate. */
  changed() {
    this.#isDue = true;
    this.#consider();
  }

  #consider() {
    if (!this.#isDue || !this.#isSeen || this.#isLoading || document.hidden) return;
    clearTimeout(this.#timer);
    // A picture that takes long to draw is drawn rarely, so that viewers never keep a machine busy.
    const wait = this.#last + Math.max(900, 8 * this.#took) - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#consider(), wait);
    else this.#load();
  }

  async #load() {
    this.#isDue = false;
    this.#isLoading = true;
    const start = performance.now();
    const query = this.query;
    try {
      const text = await (await request(this.source(query))).text();
      this.#took = performance.now() - start;
      if (text !== this.#text) this.#show(text);
    } catch (error) {
      if (this.#text === null || error.status >= 400) {
        this.#text = null;
        this.#marks = [];
        this.holder.querySelector(":scope > svg")?.remove();
        put(this.holder, h("div", { class: "plot-note" }, errorNotice(error)));
      }
    }
    this.#last = performance.now();
    this.#isLoading = false;
    if (query !== this.query) this.#isDue = true;
    this.#consider();
  }

  #show(text) {
    const svg = insertSVG(this.holder, text);
    if (svg === null) throw new ApiError("The server's answer is not a picture.", "", 500);
    this.#text = text;
    rememberJSON(this.key, Number(this.holder.style.getPropertyValue("--ratio")));
    this.svg = svg;
    this.#ring = null;
    this.#marks = marksOf(svg);
    this.brushes.attach(svg, this.#marks);
  }

  async #save(write) {
    this.element.querySelector("details[open]")?.removeAttribute("open");
    if (this.#text === null) return;
    try { await write(); } catch (error) { this.holder.after(errorNotice(error)); }
  }

  #listen() {
    let frame = null;
    let place = null;
    const find = ({ clientX, clientY }) => {
      const matrix = this.svg?.getScreenCTM();
      if (!matrix || this.#marks.length === 0) return null;
      const point = new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse());
      return nearest(this.#marks, point.x, point.y, reach / Math.abs(matrix.a));
    };
    const point = (event, isTouch) => {
      const mark = find(event);
      this.holder.classList.toggle("pointing", mark !== null);
      this.#highlight(mark);
      if (mark === null) this.tip?.hide();
      else this.tip?.show(mark.trial, event.clientX, event.clientY, isTouch);
      return mark;
    };
    this.holder.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch" || event.buttons !== 0) return;
      place = event;
      frame ??= requestAnimationFrame(() => { frame = null; point(place, false); });
    });
    this.holder.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "touch") return;
      cancelAnimationFrame(frame);
      frame = null;
      this.holder.classList.remove("pointing");
      this.#highlight(null);
      this.tip?.hide();
    });
    let wasTouch = false;
    this.holder.addEventListener("pointerdown", (event) => { wasTouch = event.pointerType === "touch"; });
    const open = (event) => {
      if (event.target.classList?.contains("axis-zone") || event.target.classList?.contains("brush")) return;
      // A finger cannot hover: its first touch shows the trial, with a link to it.
      if (wasTouch) { point(event, true); return; }
      const mark = find(event);
      if (mark === null || !this.study) return;
      const url = `/study/${this.study}/trial/${mark.trial}`;
      if (event.ctrlKey || event.metaKey || event.button === 1) window.open(url, "_blank", "noopener");
      else location.href = url;
    };
    this.holder.addEventListener("click", open);
    this.holder.addEventListener("auxclick", (event) => { if (event.button === 1) open(event); });
  }

  #highlight(mark) {
    this.#ring?.remove();
    this.#ring = null;
    if (mark === null) return;
    const shape = (name) => {
      if (mark.point) return s("circle", { class: name, cx: mark.point[0], cy: mark.point[1], r: 7 });
      if (mark.line) return s("polyline", { class: name, points: mark.line.map((point) => point.join(",")).join(" ") });
      const [left, top, right, bottom] = mark.box;
      return s("rect", { class: name, x: left, y: top, width: right - left, height: bottom - top });
    };
    this.#ring = s("g", { "aria-hidden": "true", "pointer-events": "none" }, shape("ring under"), shape("ring"));
    this.svg.append(this.#ring);
  }
}
