// One trial: parameters, reports, attempts, log, files, notes.

import "./menus.js";
import { addTrial, retryTrial, stopTrial } from "./actions.js";
import { address, get } from "./api.js";
import { Card, dataTable, facts } from "./cards.js";
import { clipped } from "./clipped.js";
import { commandLine } from "./copy.js";
import { curves } from "./curves.js";
import { append, h, put, setText } from "./dom.js";
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
const mostReports = 500;
const top = header();
const main = document.getElementById("main");
let study = null;
let trial = null;
let isReadOnly = true;

const overview = new Card("Overview", "half");
const parameters = new Card("Parameters", "half");
const reports = new Card("Reports", "");
const command = new Card("Command line", "");
const attempts = new Card("Attempts", "");
const log = new Card("Log", "");
const files = new Card("Files", "");
const failure = h("div", { class: "notice error", hidden: true });
let failureShown = null;
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

async function act(action) {
  if (await action(id, trial) !== null) load();
}

async function addCopy() {
  const added = await addTrial(study, trial.params);
  if (added !== null) location.href = `/study/${id}/trial/${added}`;
}

function drawOverview() {
  const { values, epoch, through, seconds, started, created, ended, attempts: count, violation, checkpoint } = trial;
  overview.update([values, epoch, through, seconds, started, ended, count, violation, checkpoint], () => facts([
    ...Object.entries(values).map(([name, value]) => [clipped(name, 80), h("strong", null, valueNode(value, metricText(value)))]),
    violation === undefined || violation === null ? null : ["Constraint violation", valueNode(violation, metricText(violation))],
    ["Epoch", through === null ? metricText(epoch) : `${metricText(epoch)} of ${metricText(through)}`],
    ["Time", duration(seconds)],
    ["Created", momentNode(created)],
    ["Started", momentNode(started)],
    ["Ended", momentNode(ended)],
    ["Checkpoint", checkpoint ? `of epoch ${checkpoint}` : "–"],
  ]));
}

function drawParameters() {
  parameters.update([trial.params, study.parameters], () => {
    const lines = study.parameters.map(({ name, condition }) => [clipped(name, 80), name in trial.params
      ? clipped(trial.params[name]) : h("span", { class: "soft" }, condition ? `inactive: used if ${condition.slice(0, 200)}` : "–")]);
    const others = Object.keys(trial.params).filter((name) => !study.parameters.some((parameter) => parameter.name === name));
    lines.push(...others.map((name) => [clipped(name, 80), clipped(trial.params[name])]));
    return lines.length > 0 ? facts(lines, "wrap") : h("p", { class: "soft" }, "None.");
  });
}

function drawReports() {
  if (trial.reports.length === 0) {
    reports.update("none", () => h("p", { class: "soft" }, "No reports yet."));
    return;
  }
  if (picture === null) {
    picture = curves(study.objectives.map(({ metric }) => metric));
  }
  reports.update("some", () => [picture.element, h("details", null, h("summary", null, "As a table"), reportTable.element)]);
  picture.update(trial.reports);
  reportTable.update();
}

const reportTable = (() => {
  const element = h("div");
  let size = -1;
  return {
    element,
    update() {
      if (trial.reports.length === size) return;
      size = trial.reports.length;
      const names = [...new Set(trial.reports.flatMap((report) => Object.keys(report.values)))];
      const last = trial.reports.slice(-mostReports);
      put(element, dataTable(
        "Reports as a table", ["epoch", ...names, "seconds"].map((title) => ({ title })),
        last.map(({ epoch, values, seconds }) => [
          epoch, ...names.map((name) => valueNode(values[name], metricText(values[name]))), metricText(seconds)]),
        last.length < size ? `The last ${last.length} of ${size} reports` : null));
    },
  };
})();

function drawAttempts() {
  const row = ({ worker, started, ended, reason }, index) => [
    index + 1, clipped(worker ?? "–", 60), momentNode(started),
    ended === null ? "running" : momentNode(ended), ended === null ? "–" : duration(ended - started),
    ended === null ? "–" : clipped(reason ?? "its end", 120),
  ];
  attempts.update(trial.runs, () => (trial.runs.length === 0
    ? h("p", { class: "soft" }, "It has not run yet.")
    : dataTable("Attempts of the trial", ["#", "Worker", "Started", "Ended", { title: "Time" }, "Ended by"], trial.runs.map(row))));
}

function drawFailure() {
  const { reason, message } = trial;
  const shown = JSON.stringify([reason, message]);
  if (shown === failureShown) return;
  failureShown = shown;
  failure.hidden = reason === null && message === null;
  put(failure, h("strong", null, reason ? `Failed: ${reason}` : "Message"),
    message ? h("p", { class: "as-written" }, clipped(message, 600)) : null);
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
  drawFailure();
  drawOverview();
  drawParameters();
  drawReports();
  drawAttempts();
  command.update(trial.command, () => (trial.command ? commandLine(trial.command) : null));
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
