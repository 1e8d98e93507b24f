// Actions that change a study: they ask for confirmation before ending something, and show the result.

import { ApiError, send } from "./api.js";
import { ask } from "./dialog.js";
import { freshID, h } from "./dom.js";
import { valueText } from "./format.js";
import { toast } from "./messages.js";

function field(name, input, hint) {
  const id = freshID("field");
  const hintID = freshID("hint");
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", hintID);
  return h("div", { class: "field" }, h("label", { for: id }, name), input, hint ? h("span", { class: "hint", id: hintID }, hint) : null);
}

/** Adds a trial; `params` fills the form. Resolves to its number or null. */
export async function addTrial(study, params = {}) {
  const inputs = study.parameters.map((parameter) => [parameter, inputFor(parameter, params[parameter.name])]);
  const done = await ask({
    title: "Add a trial",
    content: [
      h("p", null, "It joins the queue and runs next. Values that are left out come from the sampler."),
      inputs.map(([parameter, input]) => field(
        parameter.name, input, parameter.declaration + (parameter.condition ? `, used if ${parameter.condition}` : ""))),
    ],
    confirm: "Add trial",
    act: () => {
      const given = {};
      for (const [parameter, input] of inputs) {
        const value = valueOf(parameter, input);
        if (value !== undefined) given[parameter.name] = value;
      }
      return send(`/studies/${study.id}/trials`, { params: given });
    },
  });
  if (done) toast(`Trial ${done.trial} was added to the queue.`);
  return done?.trial ?? null;
}

function inputFor(parameter, value) {
  if (Array.isArray(parameter.choices) && parameter.choices.length > 0) {
    const choices = parameter.choices.map((choice) => h("option", { value: JSON.stringify(choice) }, valueText(choice).slice(0, 200)));
    const select = h("select", null, h("option", { value: "" }, "Left to the sampler"), choices);
    select.value = value === undefined ? "" : JSON.stringify(value);
    return select;
  }
  return h("input", {
    type: "text", autocomplete: "off", spellcheck: "false",
    inputmode: parameter.kind === "float" || parameter.kind === "int" ? "decimal" : null,
    value: value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value),
  });
}

function valueOf(parameter, input) {
  if (input.tagName === "SELECT") return input.value === "" ? undefined : JSON.parse(input.value);
  const text = input.value.trim();
  if (text === "") return undefined;
  if (parameter.kind === "float" || parameter.kind === "int") {
    const number = Number(text);
    input.removeAttribute("aria-invalid");
    if (!Number.isFinite(number)) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
      throw new ApiError(`${parameter.name} is not a number: ${text}`, `It is declared as ${parameter.declaration}.`, 0);
    }
    return number;
  }
  // A choice without a list: numbers and booleans are written as such.
  try {
    const value = JSON.parse(text);
    if (typeof value !== "object") return value;
  } catch { /* a text */ }
  return text;
}

/** Pauses a study: no trial starts until it is resumed. */
export function pauseStudy(study) {
  return ask({
    title: `Pause ${study.name}?`,
    content: [h("p", null, "Running trials are finished. No other starts until the study is resumed; its workers wait.")],
    confirm: "Pause study",
    act: () => send(`/studies/${study.id}/pause`),
  });
}

/** Resumes a paused study. */
export function resumeStudy(study) {
  return ask({
    title: `Resume ${study.name}?`,
    content: [h("p", null, "Trials start again, in workers that wait or in `outerloop resume`.")],
    confirm: "Resume",
    act: () => send(`/studies/${study.id}/resume`),
  });
}

/** Ends a study: no new trial starts. */
export function stopStudy(study) {
  const reason = h("input", { type: "text", autocomplete: "off", maxlength: 500 });
  return ask({
    title: `End ${study.name}?`,
    content: [
      h("p", null, "No new trial starts. Running trials are finished, and the study can be reopened."),
      field("Reason", reason, "Optional; shown with the study."),
    ],
    confirm: "End study",
    isDestructive: true,
    act: () => send(`/studies/${study.id}/stop`, reason.value.trim() ? { reason: reason.value.trim() } : {}),
  });
}

/** Reopens an ended study. */
export function reopenStudy(study) {
  return ask({
    title: `Reopen ${study.name}?`,
    content: [h("p", null, "New trials may start again. Workers have to be started with `outerloop resume` or `outerloop worker`.")],
    confirm: "Reopen study",
    act: () => send(`/studies/${study.id}/reopen`),
  });
}

/** Changes the budget of a study. */
export function changeBudget(study) {
  const bounds = [
    ["trials", "Trials", "In total, including existing trials."],
    ["epochs", "Epochs", "In total, over all trials."],
    ["seconds", "Seconds", "In total, during which trials run."],
  ].map(([key, name, hint]) => ({
    key, name, hint, before: study.budget[key],
    input: h("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: study.budget[key] ?? "" }),
  }));
  return ask({
    title: "Change the budget",
    content: [
      h("p", null, "The study ends when the first bound is reached. An empty field means no bound."),
      bounds.map(({ name, input, hint }) => field(name, input, hint)),
    ],
    confirm: "Change budget",
    act: () => {
      const changed = {};
      for (const { key, name, input, before } of bounds) {
        const text = input.value.trim();
        const value = text === "" ? null : Number(text);
        const isRight = value === null || (Number.isFinite(value) && value > 0 && (key === "seconds" || Number.isInteger(value)));
        input.toggleAttribute("aria-invalid", false);
        if (!isRight) {
          input.setAttribute("aria-invalid", "true");
          input.focus();
          throw new ApiError(`${name}: ${text} is not a valid budget.`, key === "seconds" ? "Give a number above 0, or nothing." : "Give a whole number above 0, or nothing.", 0);
        }
        if (value !== before) changed[key] = value;
      }
      return Object.keys(changed).length === 0 ? {} : send(`/studies/${study.id}/budget`, changed);
    },
  });
}

/** Retries a failed trial. */
export function retryTrial(study, trial) {
  return ask({
    title: `Retry trial ${trial.number}?`,
    content: [h("p", null, "The trial returns to the queue and runs again with the same parameters, from its last checkpoint if it has one.")],
    confirm: "Retry trial",
    act: () => send(`/studies/${study}/trials/${trial.number}/retry`),
  });
}

/** Ends a waiting or running trial. */
export function stopTrial(study, trial) {
  return ask({
    title: `Stop trial ${trial.number}?`,
    content: [h("p", null, trial.state === "running"
      ? "Its program is stopped, and the trial ends as failed (cancelled). What it reported stays."
      : "It will not run, and ends as failed (cancelled).")],
    confirm: "Stop trial",
    isDestructive: true,
    act: () => send(`/studies/${study}/trials/${trial.number}/stop`),
  });
}
