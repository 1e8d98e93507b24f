// The best value so far as a small step line.

import { s } from "./dom.js";
import { short, toNumber } from "./format.js";

const width = 128;
const height = 28;

/** `points` are `[trial, value]`; an empty picture of the same size where there are too few. */
export function sparkline(points) {
  const finite = (points ?? [])
    .map(([trial, value]) => [trial, toNumber(value)])
    .filter(([, value]) => value !== null && Number.isFinite(value));
  const picture = s("svg", {
    class: "sparkline", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": finite.length === 0 ? "no values yet"
      : `best value from ${short(finite[0][1])} to ${short(finite.at(-1)[1])}`,
  });
  if (finite.length < 2) return picture;
  // A large initial descent would flatten everything after it: positive values that span decades are
  // drawn on a log scale.
  const values = finite.map(([, value]) => value);
  const isLog = Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
  const scale = isLog ? Math.log : (value) => value;
  const ys = values.map(scale);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [from, to] = [finite[0][0], finite.at(-1)[0]];
  const x = (trial) => 2 + ((trial - from) / Math.max(1, to - from)) * (width - 4);
  const y = (value) => high === low ? height / 2 : 3 + ((high - value) / (high - low)) * (height - 6);
  let path = "";
  finite.forEach(([trial], index) => {
    path += index === 0
      ? `M${x(trial).toFixed(1)} ${y(ys[0]).toFixed(1)}`
      : `H${x(trial).toFixed(1)}V${y(ys[index]).toFixed(1)}`;
  });
  picture.append(s("path", { d: path }));
  return picture;
}
