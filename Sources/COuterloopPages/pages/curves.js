// The reports of one trial as curves: axes, ticks, a logarithmic scale, any number of metrics.

import { freshID, h, put, s } from "./dom.js";
import { metricText, short, toNumber } from "./format.js";

const height = 300;
const margin = { left: 64, right: 14, top: 10, bottom: 40 };
const seriesClasses = 7;

/** A picture of reports; `update(reports, metrics)` draws the data so far. */
export function curves(firstMetrics) {
  const hidden = new Set();
  let isLog = false;
  let reports = [];
  let metrics = [];
  const key = h("div", { class: "curves-key", role: "group", "aria-label": "Metrics" });
  const reading = h("p", { class: "soft number", "aria-live": "off" }, " ");
  const logID = freshID("log");
  const log = h("input", { type: "checkbox", id: logID, onchange: () => { isLog = log.checked; draw(); } });
  const picture = s("svg", { viewBox: `0 0 720 ${height}`, role: "img", "aria-label": "Curves of the reports" });
  const element = h("div", { class: "curves stack" },
    h("div", { class: "row" }, key, h("label", { class: "inline", for: logID }, log, "Logarithmic")), picture, reading);
  let geometry = null;
  let width = 720;
  // One unit is one pixel, so that text has the usual size.
  new ResizeObserver(([{ contentRect }]) => {
    const next = Math.max(280, Math.round(contentRect.width));
    if (next === width) return;
    width = next;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    draw();
  }).observe(picture);

  function pointsOf(metric) {
    return reports
      .map((report) => [report.epoch, toNumber(report.values[metric])])
      .filter(([, value]) => value !== null);
  }

  function drawKey() {
    put(key, metrics.map((metric, index) => h("label", { class: `series-${index % seriesClasses}` },
      h("input", {
        type: "checkbox", checked: !hidden.has(metric),
        onchange(event) {
          if (event.target.checked) hidden.delete(metric);
          else hidden.add(metric);
          draw();
        },
      }), metric.slice(0, 80))));
  }

  function draw() {
    const shown = metrics.map((metric, index) => ({ metric, index, points: pointsOf(metric) })).filter(({ metric }) => !hidden.has(metric));
    const drawable = (value) => Number.isFinite(value) && (!isLog || value > 0);
    const values = shown.flatMap(({ points }) => points.map(([, value]) => value)).filter(drawable);
    const epochs = reports.map((report) => report.epoch);
    if (values.length === 0) {
      geometry = null;
      put(picture, s("text", { x: width / 2, y: height / 2, "text-anchor": "middle" },
        isLog ? "No positive values to draw" : "No finite values to draw"));
      return;
    }
    const scale = isLog ? Math.log10 : (value) => value;
    let [low, high] = extent(values.map(scale));
    const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * 0.05;
    [low, high] = [low - room, high + room];
    let [from, to] = extent(epochs);
    if (from === to) [from, to] = [from - 1, to + 1];
    const x = (epoch) => margin.left + ((epoch - from) / (to - from)) * (width - margin.left - margin.right);
    const y = (value) => margin.top + ((high - scale(value)) / (high - low)) * (height - margin.top - margin.bottom);
    const nodes = [];
    for (const tick of isLog ? logTicks(low, high) : ticks(low, high, 5)) {
      nodes.push(s("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick) }));
      nodes.push(s("text", { x: margin.left - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)));
    }
    for (const tick of ticks(from, to, Math.max(2, Math.round(width / 90))).filter(Number.isInteger)) {
      nodes.push(s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: margin.top, y2: height - margin.bottom }));
      nodes.push(s("text", { x: x(tick), y: height - margin.bottom + 17, "text-anchor": "middle" }, short(tick)));
    }
    nodes.push(s("text", { x: (margin.left + width - margin.right) / 2, y: height - 4, "text-anchor": "middle" }, "epoch"));
    nodes.push(s("rect", { class: "frame", x: margin.left, y: margin.top, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom }));
    for (const { index, points } of shown) {
      // A value that cannot be drawn interrupts its line.
      let path = "";
      let isOpen = false;
      for (const [epoch, value] of points) {
        if (!drawable(value)) { isOpen = false; continue; }
        path += `${isOpen ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`;
        isOpen = true;
      }
      const color = `series-${index % seriesClasses}`;
      nodes.push(s("path", { class: color, d: path }));
      if (points.length <= 60) {
        for (const [epoch, value] of points.filter(([, value]) => drawable(value))) {
          nodes.push(s("circle", { class: color, cx: x(epoch), cy: y(value), r: 2.5 }));
        }
      }
    }
    const cursor = s("line", { class: "cursor", y1: margin.top, y2: height - margin.bottom, visibility: "hidden" });
    nodes.push(cursor);
    put(picture, nodes);
    geometry = { x, cursor, shown };
  }

  picture.addEventListener("pointermove", (event) => {
    const matrix = picture.getScreenCTM();
    if (!geometry || !matrix) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse()).x;
    const report = reports.reduce((best, next) => (Math.abs(geometry.x(next.epoch) - at) < Math.abs(geometry.x(best.epoch) - at) ? next : best));
    geometry.cursor.setAttribute("x1", geometry.x(report.epoch));
    geometry.cursor.setAttribute("x2", geometry.x(report.epoch));
    geometry.cursor.setAttribute("visibility", "visible");
    reading.textContent = `Epoch ${report.epoch}: ` + geometry.shown.map(({ metric }) => `${metric.slice(0, 40)} ${metricText(report.values[metric])}`).join(", ");
  });
  picture.addEventListener("pointerleave", () => {
    geometry?.cursor.setAttribute("visibility", "hidden");
    reading.textContent = " ";
  });

  return {
    element,
    update(nextReports) {
      reports = nextReports;
      const found = new Set(firstMetrics);
      for (const report of reports) for (const metric of Object.keys(report.values)) found.add(metric);
      const there = [...found].filter((metric) => reports.some((report) => metric in report.values));
      if (there.join("\n") !== metrics.join("\n")) {
        metrics = there;
        drawKey();
      }
      draw();
    },
  };
}

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}

/** Round numbers between the ends, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const result = [];
  for (let index = Math.ceil(low / step); index * step <= high && result.length < 50; index += 1) {
    result.push(Number((index * step).toPrecision(12)));
  }
  return result;
}

/** Powers of ten between the ends of logarithms; within a few decades with their doubles and fives. */
function logTicks(low, high) {
  const factors = high - low < 2.5 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil((high - low) / 8));
  const result = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += stride) {
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (Math.log10(value) >= low && Math.log10(value) <= high) result.push(value);
    }
  }
  return result.length > 1 ? result : ticks(10 ** low, 10 ** high, 5).filter((value) => value > 0);
}
