// The columns of a table of trials: those there are, and those shown, kept for each study.

import { metricText, momentNode, duration, toNumber, valueNode, valueText } from "./format.js";
import { recallJSON, rememberJSON } from "./storage.js";
import { stateNode } from "./states.js";
import { h } from "./dom.js";

const manyMetrics = 6;
const manyParameters = 14;

/**
 * All columns of a study. Each has a `key`, a `title`, a `width` in pixels, whether it is a `number`,
 * the name it is `sort`ed by (or null), a `cell(trial)` that makes its content, and `group`.
 */
export function columnsOf(study) {
  const objectives = new Set(study.objectives.map((objective) => objective.metric));
  const metrics = [...new Set([...objectives, ...study.metrics])];
  const column = (key, title, width, cell, more = {}) => ({ key, title, width, cell, number: false, sort: null, group: "Trial", ...more });
  return [
    column("number", "Trial", 86, (trial) => h("a", { href: `/study/${study.id}/trial/${trial.number}`, tabindex: -1 }, String(trial.number)), { number: true, sort: "number", isFixed: true }),
    column("state", "State", 108, (trial) => stateNode(trial.state, trial.stale), { sort: "state" }),
    ...metrics.map((name, index) => column(`value.${name}`, name, widthOf(name), (trial) => valueNode(trial.values[name], metricText(trial.values[name])),
      { number: true, sort: `value.${name}`, group: "Metrics", isHidden: index >= manyMetrics && !objectives.has(name) })),
    ...study.parameters.map((parameter, index) => {
      const isNumber = parameter.kind === "float" || parameter.kind === "int";
      return column(`param.${parameter.name}`, parameter.name, widthOf(parameter.name, isNumber ? 100 : 120),
        (trial) => trial.params[parameter.name] === undefined ? h("span", { class: "soft", title: "Inactive" }, "–") : valueNode(trial.params[parameter.name], cut(trial.params[parameter.name])),
        { number: isNumber, sort: `param.${parameter.name}`, group: "Parameters", isHidden: index >= manyParameters });
    }),
    column("epoch", "Epoch", 80, (trial) => metricText(trial.epoch), { number: true, sort: "epoch", isHidden: study.epochs <= 1 }),
    column("seconds", "Time", 96, (trial) => duration(trial.seconds), { number: true, sort: "seconds" }),
    column("started", "Started", 130, (trial) => momentNode(trial.started), { isHidden: true }),
    column("ended", "Ended", 130, (trial) => momentNode(trial.ended), { isHidden: true }),
    column("attempts", "Attempts", 96, (trial) => metricText(trial.attempts), { number: true, sort: "attempts", isHidden: true }),
    column("violation", "Violation", 100, (trial) => metricText(toNumber(trial.violation)), { number: true, isHidden: study.constraints.length === 0 }),
    column("reason", "Reason", 140, (trial) => trial.reason ?? "–", { sort: "reason", isHidden: study.counts.failed === 0 }),
    column("message", "Message", 240, (trial) => cut(trial.message), { isHidden: true }),
  ];
}

function widthOf(name, least = 100) { return Math.min(200, Math.max(least, name.length * 8 + 36)); }

/** Cells need no more text than fits in them. */
function cut(value) {
  const text = valueText(value);
  return text.length > 200 ? text.slice(0, 200) + "…" : text;
}

/** Which of `columns` are shown, by key. */
export function shownColumns(study, columns) {
  const kept = recallJSON(`columns:${study.id}:${study.name}`, null);
  const isShown = (column) => column.isFixed || (kept ? kept[column.key] ?? !column.isHidden : !column.isHidden);
  return columns.filter(isShown);
}

/** Stores the choice: only the differences from the default. */
export function keepColumns(study, columns, shown) {
  const keys = new Set(shown.map((column) => column.key));
  const kept = {};
  for (const column of columns) {
    if (keys.has(column.key) === Boolean(column.isHidden)) kept[column.key] = keys.has(column.key);
  }
  rememberJSON(`columns:${study.id}:${study.name}`, kept);
}
