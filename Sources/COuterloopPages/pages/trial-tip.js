// A tooltip with a trial's results, beside the pointer.

import { get } from "./api.js";
import { h, put } from "./dom.js";
import { metricText, valueNode, valueText } from "./format.js";
import { stateNode } from "./states.js";

const most = 12;

/** One tip for all pictures of a page. */
export class TrialTip {
  #node = h("div", { class: "tip", hidden: true });
  #kept = new Map();
  #trial = null;
  #timer = null;

  constructor(study) {
    this.study = study;
    document.body.append(this.#node);
    addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
    addEventListener("scroll", () => this.hide(), { passive: true, capture: true });
  }

  /** Trials may have changed. */
  forget() { this.#kept.clear(); }

  show(trial, x, y, isTouch) {
    if (trial !== this.#trial) {
      this.#trial = trial;
      put(this.#node, h("strong", null, `Trial ${trial}`));
      const known = this.#kept.get(trial);
      clearTimeout(this.#timer);
      if (known) this.#fill(known);
      else this.#timer = setTimeout(() => this.#fetch(trial, x, y), 60);
    }
    this.#node.hidden = false;
    this.#node.classList.toggle("pinned", isTouch);
    this.#place(x, y);
  }

  hide() {
    this.#trial = null;
    clearTimeout(this.#timer);
    this.#node.hidden = true;
  }

  async #fetch(trial, x, y) {
    try {
      const whole = await get(`/studies/${this.study.id}/trials/${trial}`);
      if (this.#kept.size > 500) this.#kept.clear();
      this.#kept.set(trial, whole);
      if (this.#trial === trial) { this.#fill(whole); this.#place(x, y); }
    } catch (error) {
      if (this.#trial === trial) put(this.#node, h("strong", null, `Trial ${trial}`), h("p", { class: "bad" }, error.message));
    }
  }

  #fill(trial) {
    const line = (name, value) => h("tr", null, h("th", { scope: "row" }, cut(name, 40)), h("td", null, value));
    const params = Object.entries(trial.params);
    put(
      this.#node,
      h("div", { class: "row" }, h("a", { href: `/study/${this.study.id}/trial/${trial.number}` }, `Trial ${trial.number}`), stateNode(trial.state, trial.stale)),
      h("table", null, h("tbody", null,
        Object.entries(trial.values).slice(0, most).map(([name, value]) => line(name, h("strong", null, metricText(value)))),
        params.slice(0, most).map(([name, value]) => line(name, valueNode(value, cut(valueText(value), 60)))))),
      params.length > most ? h("p", { class: "soft" }, `and ${params.length - most} more parameters`) : null);
  }

  #place(x, y) {
    const { offsetWidth: width, offsetHeight: height } = this.#node;
    const left = x + 14 + width > innerWidth ? x - width - 14 : x + 14;
    const top = y + 14 + height > innerHeight ? y - height - 14 : y + 14;
    this.#node.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
    this.#node.style.top = `${Math.max(4, top)}px`;
  }
}

function cut(text, limit) { return text.length > limit ? text.slice(0, limit) + "…" : text; }
