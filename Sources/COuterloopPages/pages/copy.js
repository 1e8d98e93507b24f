// A command line with a button that copies it.

import { h } from "./dom.js";

/** Copies text; falls back to a selection where the clipboard is not available (plain HTTP). */
async function copyText(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    try { return document.execCommand("copy"); } catch { return false; }
  }
}

/** The command in a box. */
export function commandLine(command) {
  const text = h("pre", { class: "block", tabindex: 0, "aria-label": "Command line" }, h("code", null, command));
  const button = h("button", { type: "button", "aria-live": "polite" }, "Copy");
  button.addEventListener("click", async () => {
    const isCopied = await copyText(command, text);
    button.textContent = isCopied ? "Copied" : "Select and copy";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return h("div", { class: "command" }, text, button);
}
