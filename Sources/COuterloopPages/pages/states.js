// The states of trials, in the order of a trial's life.

import { h } from "./dom.js";
import { count } from "./format.js";

export const states = ["waiting", "running", "paused", "complete", "pruned", "failed"];

/** A state with its colour. A running trial whose worker is lost is stale. */
export function stateNode(state, isStale = false) {
  const shown = state === "running" && isStale ? "stale" : state;
  return h("span", { class: "state", data: { state: shown } }, shown);
}

/** Numbers of trials by state as one bar, with the same as text for readers. */
export function stateBar(counts) {
  const there = states.filter((state) => counts[state] > 0);
  const text = there.map((state) => `${count(counts[state])} ${state}`).join(", ");
  return h("div", { class: "state-bar", role: "img", "aria-label": text || "no trials", title: text || "no trials" },
    there.map((state) => {
      const part = h("span", { data: { state } });
      part.style.flex = `${counts[state]} 1 0`;
      return part;
    }));
}

/** The nonzero numbers of trials by state. */
export function stateCounts(counts, stale = 0) {
  const there = states.filter((state) => counts[state] > 0);
  if (there.length === 0) return [h("span", { class: "soft" }, "No trials yet")];
  return there.map((state) => h(
    "span", { class: "state", data: { state } }, `${count(counts[state])} ${state}`,
    state === "running" && stale > 0 ? ` (${count(stale)} stale)` : null));
}

/** The finished ones. */
export function finished(counts) { return counts.complete + counts.pruned + counts.failed; }
