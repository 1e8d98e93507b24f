// Long values: their beginning, with a way to see all.

import { h } from "./dom.js";
import { count, valueNode, valueText } from "./format.js";

/** The value as a node; texts beyond `limit` characters are clipped. */
export function clipped(value, limit = 160) {
  const text = typeof value === "string" || (typeof value === "object" && value !== null) ? valueText(value) : null;
  if (text === null || text.length <= limit) return valueNode(value);
  const characters = [...text];
  const shown = h("span", { class: "whole" });
  const button = h("button", { type: "button", class: "plain", "aria-expanded": "false" });
  let isWhole = false;
  function draw() {
    shown.textContent = isWhole ? text : characters.slice(0, limit).join("") + "… ";
    button.textContent = isWhole ? "Show less" : `Show all ${count(characters.length)} characters`;
    button.setAttribute("aria-expanded", String(isWhole));
  }
  button.addEventListener("click", () => { isWhole = !isWhole; draw(); });
  draw();
  return h("span", { class: "clipped" }, shown, button);
}
