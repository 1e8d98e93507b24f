// Notes in Markdown, shown, and edited in place.

import { send } from "./api.js";
import { h, put } from "./dom.js";
import { markdown } from "./markdown.js";
import { errorNotice } from "./messages.js";

/** A card of notes kept below `path`. Call `update` with the server's text. */
export function notesCard(path, isReadOnly) {
  let text = null;
  let isEditing = false;
  // A response requested before a save may arrive after it, with the old text.
  let keptUntil = 0;
  const body = h("div", { class: "notes" });
  const edit = h("button", { type: "button", hidden: isReadOnly, onclick: open }, "Edit");
  const card = h("section", { class: "card", "aria-labelledby": "notes-title" },
    h("header", null, h("h2", { id: "notes-title" }, "Notes"), edit), body);

  function draw() {
    put(body, text ? markdown(text) : h("p", { class: "soft" }, isReadOnly ? "None." : "None yet. Write down what was tried, and why."));
  }

  function open() {
    isEditing = true;
    edit.hidden = true;
    const failure = h("div", { "aria-live": "assertive" });
    const area = h("textarea", { "aria-label": "Notes in Markdown", value: text ?? "" });
    const save = h("button", { type: "submit", class: "primary" }, "Save");
    const close = () => {
      isEditing = false;
      edit.hidden = isReadOnly;
      draw();
      edit.focus();
    };
    const form = h("form", {
      class: "stack",
      async onsubmit(event) {
        event.preventDefault();
        save.disabled = true;
        try {
          await send(path, { text: area.value }, "PUT");
          text = area.value;
          keptUntil = performance.now() + 3000;
          close();
        } catch (error) {
          put(failure, errorNotice(error));
          save.disabled = false;
        }
      },
      onkeydown(event) {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
        // Escape closes only if nothing would be lost.
        if (event.key === "Escape" && area.value === (text ?? "")) close();
      },
    }, area, failure, h("div", { class: "row" },
      save, h("button", { type: "button", onclick: close }, "Cancel"),
      h("span", { class: "soft" }, "Markdown: # heading, - list, **bold**, `code`, [link](https://…). Ctrl+Enter saves.")));
    put(body, form);
    area.focus();
  }

  return {
    card,
    update(next) {
      if (next === text) keptUntil = 0;
      if (isEditing || next === text || performance.now() < keptUntil) return;
      text = next ?? "";
      draw();
    },
  };
}
