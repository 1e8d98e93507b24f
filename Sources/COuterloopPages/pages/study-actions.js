// The buttons that change a study.

import { addTrial, changeBudget, reopenStudy, stopStudy } from "./actions.js";
import { h } from "./dom.js";

/** A row of buttons; `study()` is the study as it is now, `onDone` is called after a change. */
export function studyActions(study, onDone) {
  const run = (action) => async () => { if (await action(study()) !== null) onDone(); };
  const end = h("button", { type: "button", onclick: run(stopStudy) }, "End…");
  const reopen = h("button", { type: "button", onclick: run(reopenStudy) }, "Reopen…");
  const element = h("div", { class: "row", role: "group", "aria-label": "Actions" },
    h("button", { type: "button", onclick: run(addTrial) }, "Add trial…"),
    h("button", { type: "button", onclick: run(changeBudget) }, "Budget…"), end, reopen);
  return {
    element,
    update() {
      const isEnded = study().ended !== null;
      end.hidden = isEnded;
      reopen.hidden = !isEnded;
    },
  };
}
