// Dialogs: a confirmation, a form for input, and errors in place.

import { freshID, h, put } from "./dom.js";
import { errorNotice } from "./messages.js";

/**
 * Opens a dialog. `content` are nodes; `confirm` is the text of the button that runs `act`, during
 * which the dialog waits; an error stays in it. Resolves to what `act` returned, or null if the
 * dialog was closed.
 */
export function ask({ title, content = [], confirm, isDestructive = false, act }) {
  return new Promise((resolve) => {
    const id = freshID("dialog");
    const failure = h("div", { "aria-live": "assertive" });
    const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const go = h("button", { type: "submit", class: isDestructive ? "primary danger" : "primary" }, confirm);
    let result = null;
    const form = h("form", {
      novalidate: true,
      async onsubmit(event) {
        event.preventDefault();
        put(failure);
        go.disabled = true;
        try {
          result = (await act()) ?? true;
          dialog.close();
        } catch (error) {
          put(failure, errorNotice(error));
        } finally {
          go.disabled = false;
        }
      },
    }, h("h2", { id }, title), content, failure, h("div", { class: "row end" }, cancel, go));
    const dialog = h("dialog", { "aria-labelledby": id }, form);
    dialog.addEventListener("close", () => { dialog.remove(); resolve(result); });
    document.body.append(dialog);
    dialog.showModal();
    // A destructive button does not get the focus, so that a second Enter does not press it.
    if (isDestructive && !form.querySelector("input, textarea, select")) cancel.focus();
    else form.querySelector("input, textarea, select")?.focus();
  });
}

/** A dialog that only shows something; Escape and a button close it. */
export function show(title, content, isWide = false) {
  const id = freshID("dialog");
  const dialog = h(
    "dialog", { "aria-labelledby": id, class: isWide ? "wide" : null },
    h("div", { class: "stack" },
      h("div", { class: "row" }, h("h2", { id }, title)), content,
      h("div", { class: "row end" }, h("button", { type: "button", onclick: () => dialog.close() }, "Close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
