// One trial: parameters, reports, attempts, log, files, notes.

import "./menus.js";
import { addTrial, retryTrial, stopTrial } from "./actions.js";
import { address, get } from "./api.js";
import { clipped } from "./clipped.js";
import { commandLine } from "./copy.js";
import { curves } from "./curves.js";
import { append, h, isInUse, put, setText } from "./dom.js";
import { duration, metricText, momentNode, valueNode } from "./format.js";
import { fileList } from "./files.js";
import { header, title } from "./header.js";
import { follow, paced } from "./live.js";
import { logTail } from "./log-tail.js";
import { clearError, showError } from "./messages.js";
import { notesCard } from "./notes.js";
import { stateNode } from "./states.js";

const [, , studyPart, , trialPart] = location.pathname.split("/");
const id = Number(studyPart);
const number = Number(trialPart);
const path = `/studies/${id}/trials/${number}`;
const top = header();
const main = document.getElementById("main");
let study = null;
let trial = null;
let isReadOnly = true;

function cardOf(name, className) {
  const body = h("div", { class: "stack" });
  const element = h("section", { class: `card ${className}`, "aria-label": name }, h("header", null, h("h2", null, name)), body);
  return { element, body };
}

const overview = cardOf("Overview", "half");
const parameters = cardOf("Parameters", "half");
const reports = cardOf("Reports", "");
const command = cardOf("Command line", "");
const attempts = cardOf("Attempts", "");
const log = cardOf("Log", "");
const files = cardOf("Files", "");
const failure = h("div", { class: "notice error", hidden: true });
const state = h("span");
const before = h("a", { class: "button", rel: "prev", "aria-label": "Previous trial" }, "‹ Previous");
const after = h("a", { class: "button", rel: "next", "aria-label": "Next trial" }, "Next ›");
const retry = h("button", { type: "button", onclick: () => act(retryTrial) }, "Retry…");
const stop = h("button", { type: "button", class: "danger", onclick: () => act(stopTrial) }, "Stop…");
const copy = h("button", { type: "button", onclick: addCopy }, "Add a variant…");
let picture = null;
let tail = null;
let list = null;
let notes = null;

const drawn = new Map();
function update(card, stamp, make) {
  const text = JSON.stringify(stamp);
  if (drawn.get(card) === text || isInUse(card.body)) return;
  drawn.set(card, text);
  put(card.body, make());
}

async function act(action) {
  if (await action(id, trial) !== null) load();
}

async function addCopy() {
  const added = await addTrial(study, trial.params);
  if (added !== null) location.href = `/study/${id}/trial/${added}`;
}

function facts(lines, className = "facts") {
  return h("table", { class: className }, h("tbody", null, lines.filter(Boolean).map(([name, value]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, value)))));
}

function drawOverview() {
  const { values, epoch, through, seconds, started, created, ended, attempts: count, violation, checkpoint } = trial;
  update(overview, [values, epoch, through, seconds, started, ended, count, violation, checkpoint], () => facts([
    ...Object.entries(values).map(([name, value]) => [clipped(name, 80), h("strong", null, valueNode(value, metricText(value)))]),
    violation === undefined || violation === null ? null : ["Constraint violation", valueNode(violation, metricText(violation))],
    ["Epoch", through === null ? metricText(epoch) : `${metricText(epoch)} of ${metricText(through)}`],
    ["Time", duration(seconds)],
    ["Created", momentNode(created)],
    ["Started", momentNode(started)],
    ["Ended", momentNode(ended)],
    ["Checkpoint", checkpoint ? `of epoch ${checkpoint}` : "–"],
  ], "facts"));
}

function drawParameters() {
  update(parameters, [trial.params, study.parameters], () => {
    const lines = study.parameters.map(({ name, condition }) => [clipped(name, 80), name in trial.params
      ? clipped(trial.params[name]) : h("span", { class: "soft" }, condition ? `inactive: used if ${condition.slice(0, 200)}` : "–")]);
    const others = Object.keys(trial.params).filter((name) => !study.parameters.some((parameter) => parameter.name === name));
    lines.push(...others.map((name) => [clipped(name, 80), clipped(trial.params[name])]));
    return lines.length > 0 ? facts(lines, "facts wrap") : h("p", { class: "soft" }, "None.");
  });
}

function drawReports() {
  if (trial.reports.length === 0) {
    update(reports, "none", () => h("p", { class: "soft" }, "No reports yet."));
    return;
  }
  if (picture === null) {
    picture = curves(study.objectives.map(({ metric }) => metric));
    drawn.delete(reports);
  }
  update(reports, "some", () => [picture.element, h("details", null, h("summary", null, "As a table"), reportTable.element)]);
  picture.update(trial.reports);
  reportTable.update();
}

const reportTable = (() => {
  const element = h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": "Reports" });
  let size = -1;
  return {
    element,
    update() {
      if (trial.reports.length === size) return;
      size = trial.reports.length;
      const names = [...new Set(trial.reports.flatMap((report) => Object.keys(report.values)))];
      const last = trial.reports.slice(-500);
      put(element, h("table", null,
        h("caption", { class: "soft" }, last.length < size ? `The last ${last.length} of ${size} reports` : null),
        h("thead", null, h("tr", null, ["epoch", ...names, "seconds"].map((name) => h("th", { scope: "col", class: "number" }, name.slice(0, 60))))),
        h("tbody", null, last.map((report) => h("tr", null, h("td", { class: "number" }, report.epoch),
          names.map((name) => h("td", { class: "number" }, valueNode(report.values[name], metricText(report.values[name])))), h("td", { class: "number" }, metricText(report.seconds)))))));
    },
  };
})();

function drawAttempts() {
  update(attempts, trial.runs, () => (trial.runs.length === 0 ? h("p", { class: "soft" }, "It has not run yet.")
    : h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": "Attempts" }, h("table", null,
      h("thead", null, h("tr", null, ["#", "Worker", "Started", "Ended", "Time", "Ended by"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, trial.runs.map((run, index) => h("tr", null, h("td", null, index + 1), h("td", null, clipped(run.worker ?? "–", 60)),
        h("td", null, momentNode(run.started)), h("td", null, run.ended === null ? "running" : momentNode(run.ended)),
        h("td", { class: "number" }, run.ended === null ? "–" : duration(run.ended - run.started)),
        h("td", null, run.ended === null ? "–" : clipped(run.reason ?? "its end", 120)))))))));
}

function draw() {
  put(state, stateNode(trial.state, trial.stale));
  before.hidden = number === 0;
  before.href = `/study/${id}/trial/${number - 1}`;
  after.hidden = number >= study.trials - 1;
  after.href = `/study/${id}/trial/${number + 1}`;
  const isOver = trial.state === "complete" || trial.state === "pruned" || trial.state === "failed";
  retry.hidden = isReadOnly || trial.state !== "failed";
  stop.hidden = isReadOnly || isOver;
  copy.hidden = isReadOnly;
  failure.hidden = trial.reason === null && trial.message === null;
  update({ body: failure }, null, () => null);
  put(failure, h("strong", null, trial.reason ? `Failed: ${trial.reason}` : "Message"), trial.message ? h("p", null, clipped(trial.message, 600)) : null);
  drawOverview();
  drawParameters();
  drawReports();
  drawAttempts();
  update(command, trial.command, () => (trial.command ? commandLine(trial.command) : null));
  command.element.hidden = !trial.command;
  if (trial.log && tail === null) {
    tail = logTail(path, () => trial.state === "running");
    put(log.body, tail.element);
  }
  log.element.hidden = tail === null;
  tail?.ask();
  files.element.hidden = trial.files.length === 0;
  list.update(trial.files);
  notes.update(trial.notes);
}

const load = paced(async () => {
  try {
    trial = await get(path);
    clearError();
    draw();
  } catch (error) {
    showError(error);
  }
});

async function begin() {
  const [info, whole, first] = await Promise.all([top.server(), get(`/studies/${id}`), get(path)]);
  isReadOnly = info.readOnly;
  study = whole;
  trial = first;
  title(`Trial ${number}`, study.name);
  top.crumbs([[study.name, `/study/${id}`], ["Trials", `/study/${id}/trials`], [`Trial ${number}`, location.pathname]]);
  setText(document.getElementById("title"), `Trial ${number} `);
  document.getElementById("title").append(state);
  notes = notesCard(`${path}/notes`, isReadOnly);
  list = fileList(id, number);
  put(files.body, list.element);
  append(document.querySelector(".page-head"), h("div", { class: "row" }, retry, stop, copy, before, after));
  append(main, [failure, h("div", { class: "cards" }, overview.element, parameters.element, reports.element, command.element, attempts.element, log.element, files.element, notes.card)]);
  draw();
}

try {
  await begin();
  follow({
    url: () => address(`/studies/${id}/events`, { after: study.revision }), event: "change",
    onState: (now) => top.connection(now),
    onReturn: load,
    onChange(changes) {
      const last = changes.at(-1);
      Object.assign(study, { revision: last.revision, trials: last.trials });
      if (changes.some((change) => change.changed === null || change.changed.includes(number))) load();
      else after.hidden = number >= study.trials - 1;
    },
  });
} catch (error) {
  showError(error);
  setText(document.getElementById("title"), error.status === 404 ? "There is no such trial" : "Trial");
}
