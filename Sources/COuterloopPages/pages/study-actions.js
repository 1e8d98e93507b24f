// The buttons that change a study.

import { addTrial, changeBudget, pauseStudy, reopenStudy, resumeStudy, stopStudy } from "./actions.js";
import { h } from "./dom.js";

/** A row of buttons; `study()` is the study as it is now, `onDone` is called after a change. */
export function studyActions(study, onDone) {
  const run = (action) => async () => { if (await action(study()) !== null) onDone(); };
  const pause = h("button", { type: "button", onclick: run(pauseStudy) }, "Pause…");
  const resume = h("button", { type: "button", onclick: run(resumeStudy) }, "Resume…");
  const end = h("button", { type: "button", onclick: run(stopStudy) }, "End…");
  const reopen = h("button", { type: "button", onclick: run(reopenStudy) }, "Reopen…");
  const element = h("div", { class: "row", role: "group", "aria-label": "Actions" },
    h("button", { type: "button", onclick: run(addTrial) }, "Add trial…"),
    h("button", { type: "button", onclick: run(changeBudget) }, "Budget…"), pause, resume, end, reopen);
  return {
    element,
    update() {
      const isEnded = study().ended !== null;
      pause.hidden = isEnded || study().paused;
      resume.hidden = !study().paused;
      end.hidden = isEnded;
      reopen.hidden = !isEnded;
    },
  };
}
