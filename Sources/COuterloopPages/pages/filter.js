// The choice of trials: an expression, and states; kept in the address of the page.

import { freshID, h, put, setText } from "./dom.js";
import { count } from "./format.js";
import { sentence } from "./messages.js";
import { states } from "./states.js";

const pause = 300;

/** A bar of `{where, state}`; `onChange` is called when the choice changed. */
export function filterBar(initial, onChange) {
  let where = initial.where ?? "";
  const chosen = new Set(initial.state ?? []);
  let timer = null;
  const id = freshID("where");
  const messageID = freshID("message");
  const hint = "Parameters, metrics, number, state, reason, seconds, epoch, attempts; and, or, not";
  const input = h("input", {
    type: "search", id, value: where, placeholder: "lr < 1e-3 and state == complete", autocomplete: "off",
    spellcheck: "false", autocapitalize: "off", "aria-describedby": messageID, enterkeyhint: "search",
  });
  const message = h("p", { class: "message", id: messageID, "aria-live": "polite" }, hint);
  const toggles = h("div", { class: "row", role: "group", "aria-label": "States" });
  const buttons = new Map([...states.slice(0, 2), "stale", ...states.slice(2)].map((state) => {
    const number = h("span", { class: "count" }, "");
    const button = h("button", {
      type: "button", class: "toggle", data: { state }, "aria-pressed": String(chosen.has(state)),
      onclick() {
        if (!chosen.delete(state)) chosen.add(state);
        button.setAttribute("aria-pressed", String(chosen.has(state)));
        onChange();
      },
    }, state, number);
    return [state, { button, number }];
  }));
  put(toggles, [...buttons.values()].map(({ button }) => button));

  function apply() {
    clearTimeout(timer);
    const next = input.value.trim();
    if (next === where) return;
    where = next;
    onChange();
  }
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, pause); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") apply();
    if (event.key === "Escape" && input.value !== "") { event.preventDefault(); input.value = ""; apply(); }
  });

  return {
    element: h("div", { class: "filter-row" }, h("div", null, h("label", { class: "visually-hidden", for: id }, "Filter trials by an expression"), input, message), toggles),
    /** The query of the choice. */
    get query() { return { where, state: [...chosen] }; },
    get isChoosing() { return where !== "" || chosen.size > 0; },
    focus() { input.focus(); },
    /** What is wrong with the expression, or null. */
    fail(error) {
      input.setAttribute("aria-invalid", error ? "true" : "false");
      message.classList.toggle("bad", Boolean(error));
      setText(message, error ? [error.message, error.remedy ?? ""].map(sentence).join(" ") : hint);
    },
    counts(counts, stale) {
      for (const [state, { button, number }] of buttons) {
        const value = state === "stale" ? stale : counts[state];
        setText(number, count(value ?? 0));
        button.hidden = state === "stale" && value === 0 && !chosen.has(state);
      }
    },
  };
}
