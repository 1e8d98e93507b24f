// One study: the best trial, progress, pictures, parameters, notes.

import "./menus.js";
import { address, get } from "./api.js";
import { Card, dataTable, facts } from "./cards.js";
import { clipped } from "./clipped.js";
import { commandLine } from "./copy.js";
import { append, h, put, setText } from "./dom.js";
import { ago, count, counted, duration, metricText, short, valueNode } from "./format.js";
import { header, title } from "./header.js";
import { follow, paced } from "./live.js";
import { clearError, errorNotice, showError } from "./messages.js";
import { notesCard } from "./notes.js";
import { Plot } from "./plots.js";
import { activity, progressLines } from "./progress.js";
import { stateBar, stateCounts, stateNode } from "./states.js";
import { studyActions } from "./study-actions.js";
import { TrialTip } from "./trial-tip.js";

const id = Number(location.pathname.split("/")[2]);
const path = `/studies/${id}`;
const mostRunning = 8;
const mostOfFront = 10;
const mostParameters = 12;
const top = header();
const main = document.getElementById("main");
const heading = document.getElementById("title");
const tagline = h("p", { class: "tagline" });
const ended = h("p", { class: "notice", hidden: true });

const best = new Card("Best trial", "half");
const progress = new Card("Progress", "half");
const running = new Card("Running and waiting", "half");
const method = new Card("Search", "half");
const figures = h("div", { class: "figures" });
const parameters = new Card("Parameters", "two-thirds");
let study = null;
let isReadOnly = true;
let tip = null;
let notes = null;
let actions = null;
const plots = new Map();

function trialLink(number, text = `Trial ${number}`) { return h("a", { href: `/study/${id}/trial/${number}` }, text); }

function drawBest() {
  best.update([study.bestTrial, study.command, study.front, frontTrials], () => {
    if (study.objectives.length > 1) return drawFront();
    if (!study.bestTrial) return h("p", { class: "soft" }, "No trial is complete yet.");
    return [
      h("div", { class: "row" }, h("strong", null, trialLink(study.bestTrial.number)), valuesOf(study.bestTrial)),
      parametersOf(study.bestTrial),
      study.command ? commandLine(study.command) : null,
    ];
  });
}

function valuesOf(trial) {
  const { metric } = study.objectives[0];
  const others = Object.keys(trial.values).filter((name) => name !== metric).slice(0, 6);
  const value = (name) => valueNode(trial.values[name], metricText(trial.values[name]));
  return [
    h("span", null, `${metric.slice(0, 80)} `, h("strong", null, value(metric))),
    others.map((name) => h("span", { class: "soft" }, `${name.slice(0, 40)} `, value(name))),
  ];
}

function parametersOf(trial) {
  const entries = Object.entries(trial.params);
  const shown = entries.slice(0, mostParameters).map(([name, value]) => [clipped(name, 80), clipped(value)]);
  const rest = entries.length - shown.length;
  return [
    shown.length > 0 ? facts(shown, "wrap") : null,
    rest > 0 ? h("p", null, trialLink(trial.number, `and ${counted(rest, "more parameter")}`)) : null,
  ];
}

let frontTrials = [];

function drawFront() {
  const front = study.front ?? [];
  if (front.length === 0) return h("p", { class: "soft" }, "No trial is complete yet.");
  const metrics = study.objectives.map(({ metric }) => metric);
  const row = (number) => {
    const values = frontTrials.find((trial) => trial.number === number)?.values;
    return [trialLink(number, number), ...metrics.map((metric) => (values ? valueNode(values[metric], metricText(values[metric])) : "…"))];
  };
  return [
    h("p", { class: "soft" }, `${counted(front.length, "trial")} that no other beats in every objective`),
    dataTable("Pareto front", ["Trial", ...metrics.map((title) => ({ title }))], front.slice(0, mostOfFront).map(row)),
    front.length > mostOfFront ? h("p", { class: "soft" }, `and ${count(front.length - mostOfFront)} more: see the picture of the front`) : null,
  ];
}

/** The values of the front's trials, which the study's data does not include. */
async function loadFront() {
  const wanted = (study.front ?? []).slice(0, mostOfFront);
  if (wanted.length === 0 || wanted.every((number) => frontTrials.some((trial) => trial.number === number))) return;
  const where = wanted.map((number) => `number == ${number}`).join(" or ");
  frontTrials = (await get(`${path}/trials`, { where, limit: mostOfFront })).trials;
  drawBest();
}

function drawProgress() {
  const { counts, stale, budget, epochsSpent, secondsSpent, rate, secondsLeft, ended: reason } = study;
  progress.update([counts, stale, budget, epochsSpent, secondsSpent, rate, secondsLeft, reason], () => [
    stateBar(counts),
    h("div", { class: "state-counts" }, stateCounts(counts, stale)),
    progressLines(study),
    facts([
      ["Rate", rate === null ? "–" : `${short(rate)} trials per minute`],
      ["Time left", reason === null ? duration(secondsLeft) : "ended"],
    ]),
  ]);
}

function drawMethod() {
  const { sampler, scheduler, choice, constraints, objectives, epochs } = study;
  method.update([sampler, scheduler, choice, constraints, objectives, epochs], () => facts([
    ["Objectives", objectives.map(({ metric, direction }) => `${direction} ${metric}`).join(", ")],
    ["Sampler", sampler],
    ["Scheduler", scheduler],
    epochs > 1 ? ["Epochs", count(epochs)] : null,
    constraints.length > 0 ? ["Constraints", constraints.join(", ")] : null,
    choice ? ["Chosen", choice] : null,
  ].map((line) => line && [line[0], clipped(line[1] ?? "–", 300)])));
}

function drawParameters() {
  const hasConditions = study.parameters.some(({ condition }) => condition);
  const code = (text) => h("span", { class: "mono" }, clipped(text, 120));
  parameters.update(study.parameters, () => dataTable(
    "Parameters of the study", ["Name", "Declaration", ...(hasConditions ? ["Used if"] : [])],
    study.parameters.map(({ name, declaration, condition }) => [
      clipped(name, 60), code(declaration), ...(hasConditions ? [code(condition ?? "")] : [])])));
}

const loadRunning = paced(async () => {
  const query = { state: ["running", "waiting"], limit: mostRunning, sort: "number", reverse: "true" };
  const isBusy = study.counts.running + study.counts.waiting > 0;
  drawRunning(isBusy ? await get(`${path}/trials`, query) : { total: 0, trials: [] });
});

function drawRunning({ trials, total }) {
  const metrics = study.objectives.map(({ metric }) => metric).slice(0, 3);
  const columns = ["Trial", "State", { title: "Epoch" }, ...metrics.map((title) => ({ title })), "Started"];
  const row = (trial) => [
    trialLink(trial.number, trial.number), stateNode(trial.state, trial.stale),
    study.epochs > 1 ? `${metricText(trial.epoch)} of ${study.epochs}` : metricText(trial.epoch),
    ...metrics.map((metric) => metricText(trial.values[metric])), ago(trial.started),
  ];
  running.update([trials, total, study.trials === 0], () => (trials.length === 0
    ? h("p", { class: "soft" }, study.trials === 0 ? "No trial has started." : "No trial is running.")
    : [
      dataTable("Running and waiting trials", columns, trials.map(row)),
      total > mostRunning ? h("p", { class: "soft" }, `${count(total)} in all`) : null,
    ]));
}

function drawPlots() {
  const there = new Set(study.plots.map((plot) => plot.name));
  for (const [name, plot] of plots) if (!there.has(name)) { plot.element.remove(); plots.delete(name); }
  const objectives = study.objectives.map(({ metric }) => metric);
  study.plots.forEach(({ name, summary, perObjective }, index) => {
    if (plots.has(name)) return;
    // A picture of an objective can be one of any metric that was reported.
    const isOfValues = name === "history";
    const metrics = perObjective || isOfValues ? [...new Set([...objectives, ...study.metrics])] : null;
    const plot = new Plot({
      name, summary, study: id, studyName: study.name, metrics, objectives, hasAll: isOfValues, tip,
      source: (query) => address(`${path}/plots/${encodeURIComponent(name)}.svg`, query),
      csv: address(`${path}/trials.csv`),
    });
    plots.set(name, plot);
    figures.insertBefore(plot.element, figures.children[index] ?? null);
  });
}

function draw() {
  setText(heading, study.name);
  title(study.name);
  top.crumbs([[study.name, `/study/${id}`]]);
  setText(tagline, [activity(study), counted(study.trials, "trial"), `last event ${ago(study.lastEvent)}`].join(", "));
  ended.hidden = study.ended === null;
  setText(ended, `Ended: ${study.ended}`);
  links.hidden = false;
  allTrials.textContent = `All ${counted(study.trials, "trial")}`;
  actions?.update();
  drawBest();
  drawProgress();
  drawMethod();
  drawParameters();
  drawPlots();
  notes.update(study.notes);
}

const allTrials = h("a", { class: "button", href: `/study/${id}/trials` }, "All trials");
const links = h("div", { class: "row", hidden: true }, allTrials,
  h("a", { class: "button", href: address(`${path}/report.html`), download: "" }, "Report"));

const load = paced(async () => {
  try {
    study = await get(path);
    clearError();
    draw();
    loadRunning();
    await loadFront();
  } catch (error) {
    showError(error);
  }
}, 1000);

async function begin() {
  const [info, first] = await Promise.all([top.server(), get(path)]);
  isReadOnly = info.readOnly;
  study = first;
  if (study.objectives.length > 1) setText(best.heading, "Pareto front");
  tip = new TrialTip(study);
  notes = notesCard(`${path}/notes`, isReadOnly);
  notes.card.classList.add("third");
  if (!isReadOnly) actions = studyActions(() => study, load);
  append(document.querySelector(".page-head"), [links, actions?.element, tagline]);
  append(main, [
    ended, h("div", { class: "cards" }, best.element, progress.element, running.element, method.element), figures,
    h("div", { class: "cards" }, parameters.element, notes.card)]);
  draw();
  loadRunning().catch((error) => put(running.body, errorNotice(error)));
  loadFront().catch((error) => put(best.body, errorNotice(error)));
}

try {
  await begin();
  follow({
    url: () => address(`${path}/events`, { after: study.revision }), event: "change",
    onState: (state) => top.connection(state),
    onReturn: load,
    onChange(list) {
      const change = list.at(-1);
      // The event's data is shown at once; the rest follows.
      const { changed, ...overview } = change;
      Object.assign(study, overview, { lastEvent: Date.now() / 1000 });
      draw();
      tip.forget();
      loadRunning();
      load();
      for (const plot of plots.values()) plot.changed();
    },
  });
} catch (error) {
  showError(error);
  setText(heading, error.status === 404 ? "There is no such study" : "Study");
}
