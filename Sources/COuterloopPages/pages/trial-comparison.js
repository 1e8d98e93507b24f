// Several trials side by side; what differs is marked.

import { get } from "./api.js";
import { clipped } from "./clipped.js";
import { show } from "./dialog.js";
import { h } from "./dom.js";
import { duration, metricText, valueNode } from "./format.js";
import { stateNode } from "./states.js";

export const mostCompared = 12;

/** Opens the comparison of the trials with these numbers. */
export async function compareTrials(study, numbers) {
  const trials = await Promise.all(numbers.slice(0, mostCompared).map((number) => get(`/studies/${study.id}/trials/${number}`)));
  const row = (name, value, node) => {
    const texts = trials.map((trial) => JSON.stringify(value(trial) ?? null));
    return h("tr", { class: texts.some((text) => text !== texts[0]) ? "differs" : null },
      h("th", { scope: "row" }, name.slice(0, 120)), trials.map((trial) => h("td", null, node(value(trial), trial))));
  };
  const group = (name) => h("tr", null, h("th", { colspan: trials.length + 1, scope: "colgroup" }, h("h3", null, name)));
  const names = (key) => [...new Set(trials.flatMap((trial) => Object.keys(trial[key])))];
  show(`${trials.length} trials of ${study.name}`, [
    h("p", { class: "soft" }, "Rows that differ are marked with ≠."),
    h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": "Comparison" }, h("table", null,
      h("thead", null, h("tr", null, h("td"), trials.map((trial) => h("th", { scope: "col" }, h("a", { href: `/study/${study.id}/trial/${trial.number}` }, `Trial ${trial.number}`))))),
      h("tbody", null,
        row("state", (trial) => trial.state, (_, trial) => stateNode(trial.state, trial.stale)),
        group("Metrics"), names("values").map((name) => row(name, (trial) => trial.values[name], (value) => valueNode(value, metricText(value)))),
        group("Parameters"), names("params").map((name) => row(name, (trial) => trial.params[name], (value) => (value === undefined ? h("span", { class: "soft" }, "inactive") : clipped(value, 60)))),
        group("Course"), row("epoch", (trial) => trial.epoch, (value) => metricText(value)),
        row("time", (trial) => trial.seconds, (value) => duration(value)),
        row("attempts", (trial) => trial.attempts, (value) => metricText(value)),
        row("reason", (trial) => trial.reason, (value) => value ?? "–")))),
  ], true);
}
