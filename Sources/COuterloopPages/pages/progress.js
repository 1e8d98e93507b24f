// The progress of a study within its budget.

import { h } from "./dom.js";
import { count, duration } from "./format.js";
import { finished } from "./states.js";

/** `[name, spent, bound, text]` for each limit of the budget; for trials always. */
function bounds(study) {
  const { trials, epochs, seconds } = study.budget;
  return [
    ["Trials", finished(study.counts), trials, (value) => count(value)],
    ["Epochs", study.epochsSpent, epochs, (value) => count(value)],
    ["Time", study.secondsSpent, seconds, duration],
  ].filter(([, has, bound], index) => index === 0 || (bound !== null && has !== undefined && has !== null));
}

/** A line for each limit. */
export function progressLines(study) {
  return bounds(study).map(([name, has, bound, text]) => h("div", { class: "progress" },
    h("span", null, name),
    bound === null || bound === undefined ? h("span", { class: "soft" }, "no bound")
      : h("progress", { max: Math.max(bound, 1e-9), value: Math.min(has, bound), "aria-label": name }),
    h("span", { class: "number" }, bound === null || bound === undefined ? text(has) : `${text(has)} of ${text(bound)}`)));
}

/** The nearest limit, abbreviated. */
export function progressShort(study) {
  const all = bounds(study);
  const bounded = all.filter(([, , bound]) => bound > 0);
  if (bounded.length === 0) return h("span", { class: "number soft" }, `${count(finished(study.counts))} finished`);
  const [name, has, bound, text] = bounded.reduce((best, next) => (next[1] / next[2] > best[1] / best[2] ? next : best));
  return h("span", { class: "number" }, `${text(has)} of ${text(bound)}${name === "Trials" ? "" : ` ${name.toLowerCase()}`}`);
}

/** What a study is doing at present, in a word. */
export function activity(study) {
  if (study.ended !== null) return "ended";
  const running = study.counts.running - study.stale;
  if (study.paused) return running > 0 ? "pausing" : "paused";
  if (running > 0) return "running";
  return study.trials === 0 ? "not started" : "idle";
}
