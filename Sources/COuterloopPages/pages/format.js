// Numbers, times and values as short texts; the whole value is the title.

import { h } from "./dom.js";

const notFinite = { NaN: "NaN", Infinity: "∞", "-Infinity": "−∞" };

/** A number of the API as a number: texts such as "NaN" represent those that JSON lacks. */
export function toNumber(value) {
  if (typeof value === "number") return value;
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return null;
}

/** A number with four significant digits, or all before the point. */
export function short(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return minus(String(value));
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [digits, power] = value.toExponential(3).split("e");
    return minus(digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits) + "e" + minus(power.replace("+", ""));
  }
  if (size >= 1e4) return minus(String(Math.round(value)));
  const text = value.toPrecision(4);
  return minus(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function minus(text) { return text.replace("-", "−"); }

/** A count, with separators of thousands. */
export function count(value) { return value.toLocaleString("en"); }

/** "1 trial", "2 trials". */
export function counted(value, singular, plural = singular + "s") {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** The value of a metric; a dash if it is missing. */
export function metricText(value) {
  if (value === null || value === undefined) return "–";
  const number = toNumber(value);
  return number === null ? String(value) : short(number);
}

/** The value of a parameter. */
export function valueText(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return short(value);
  if (typeof value === "object") return JSON.stringify(value);
  return typeof value === "string" && value in notFinite ? notFinite[value] : String(value);
}

/** The full value, for titles and copies; very long ones are cut. */
export function wholeText(value, limit = 600) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > limit ? text.slice(0, limit) + "…" : text;
}

/** A number or value as an element, with the full value as the title. */
export function valueNode(value, text = valueText(value)) {
  const whole = wholeText(value);
  const odd = value === "NaN" || value === "Infinity" || value === "-Infinity";
  return h("span", {
    class: typeof value === "number" ? "number" : odd ? "number not-finite" : null,
    title: whole !== text && whole !== "" ? whole : null,
  }, text);
}

/** Seconds as "0.42 s", "1 min 5 s", "2 h 3 min", "4 d 1 h". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const total = toNumber(seconds);
  if (total === null || !Number.isFinite(total)) return "–";
  if (total < 10) return `${short(Number(total.toPrecision(3)))} s`;
  if (total < 59.5) return `${Math.round(total)} s`;
  const whole = Math.round(total);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => whole >= size);
  const [size, unit] = parts[first];
  const rest = Math.floor((whole % size) / (parts[first + 1]?.[0] ?? 1));
  const tail = rest > 0 ? ` ${rest} ${parts[first + 1][1]}` : "";
  return `${Math.floor(whole / size)} ${unit}${tail}`;
}

/** A point in time: the time if it is today, otherwise with the date. */
export function moment(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const clock = date.toLocaleTimeString("en-GB");
  return date.toDateString() === new Date().toDateString()
    ? clock : `${isoDate(date)} ${clock.slice(0, 5)}`;
}

function isoDate(date) {
  const two = (value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A point in time as an element whose title has the full date and time. */
export function momentNode(seconds) {
  if (seconds === null || seconds === undefined) return h("span", null, "–");
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return h("span", null, "–");
  return h("time", { datetime: date.toISOString(), title: date.toString(), class: "number" }, moment(seconds));
}

/** How long ago: "just now", "5 min ago". */
export function ago(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const passed = Date.now() / 1000 - seconds;
  if (passed < 5) return "just now";
  return `${duration(Math.max(10, passed)).split(" ").slice(0, 2).join(" ")} ago`;
}

/** Bytes as "812 B", "5.1 KB". */
export function bytes(size) {
  if (size < 1000) return `${size} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = size;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value < 100 ? value.toPrecision(2).replace(/\.0$/, "") : Math.round(value)} ${units[unit]}`;
}
