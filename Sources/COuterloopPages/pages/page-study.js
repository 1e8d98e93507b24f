// One study: the best trial, progress, pictures, parameters, notes.

import "./menus.js";
import { address, get } from "./api.js";
import { clipped } from "./clipped.js";
import { commandLine } from "./copy.js";
import { append, h, isInUse, put, setText } from "./dom.js";
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
const top = header();
const main = document.getElementById("main");
const heading = document.getElementById("title");
const tagline = h("p", { class: "tagline" });
const ended = h("p", { class: "notice", hidden: true });

function cardOf(name, className) {
  const body = h("div", { class: "stack" });
  const element = h("section", { class: `card ${className}`, "aria-label": name }, h("header", null, h("h2", null, name)), body);
  return { element, body };
}

const best = cardOf("Best trial", "half");
const progress = cardOf("Progress", "half");
const running = cardOf("Running now", "half");
const method = cardOf("Search", "half");
const figures = h("div", { class: "figures" });
const parameters = cardOf("Parameters", "two-thirds");
let study = null;
let isReadOnly = true;
let tip = null;
let notes = null;
let actions = null;
const plots = new Map();

/** Draws into a card unless someone selects text in it, or nothing in it changed. */
const drawn = new Map();
function update(card, stamp, ...content) {
  const text = JSON.stringify(stamp);
  if (drawn.get(card) === text || isInUse(card.body)) return;
  drawn.set(card, text);
  put(card.body, content.map((make) => (typeof make === "function" ? make() : make)));
}

function trialLink(number) { return h("a", { href: `/study/${id}/trial/${number}` }, `Trial ${number}`); }

function drawBest() {
  const trial = study.bestTrial;
  update(best, [trial, study.command, study.front], () => {
    if (study.objectives.length > 1) return drawFront();
    if (!trial) return h("p", { class: "soft" }, "No trial is complete yet.");
    const { metric } = study.objectives[0];
    return [
      h("div", { class: "row" }, h("strong", null, trialLink(trial.number)),
        h("span", null, `${metric.slice(0, 80)} `, h("strong", null, valueNode(trial.values[metric], metricText(trial.values[metric])))),
        Object.entries(trial.values).filter(([name]) => name !== metric).slice(0, 6).map(([name, value]) => h("span", { class: "soft" }, `${name.slice(0, 40)} `, valueNode(value, metricText(value))))),
      paramsTable(trial),
      study.command ? commandLine(study.command) : null,
    ];
  });
}

function paramsTable(trial) {
  const entries = Object.entries(trial.params);
  if (entries.length === 0) return null;
  return h("table", { class: "facts wrap" }, h("tbody", null,
    entries.slice(0, 12).map(([name, value]) => h("tr", null, h("th", { scope: "row" }, clipped(name, 80)), h("td", null, clipped(value)))),
    entries.length > 12 ? h("tr", null, h("td", { colspan: 2 }, h("a", { href: `/study/${id}/trial/${trial.number}` }, `and ${entries.length - 12} more`))) : null));
}

function drawFront() {
  const front = study.front ?? [];
  if (front.length === 0) return h("p", { class: "soft" }, "No trial is complete yet.");
  return [
    h("p", null, `${counted(front.length, "trial")} that no other beats in every objective:`),
    h("div", { class: "row" }, front.slice(0, 24).map(trialLink), front.length > 24 ? h("span", { class: "soft" }, `and ${count(front.length - 24)} more`) : null),
    study.command ? commandLine(study.command) : null,
  ];
}

function drawProgress() {
  update(progress, [study.counts, study.stale, study.budget, study.epochsSpent, study.secondsSpent, study.rate, study.secondsLeft], () => [
    stateBar(study.counts),
    h("div", { class: "state-counts" }, stateCounts(study.counts, study.stale)),
    progressLines(study),
    h("table", { class: "facts" }, h("tbody", null,
      h("tr", null, h("th", { scope: "row" }, "Rate"), h("td", { class: "number-left" }, study.rate === null ? "–" : `${short(study.rate)} trials per minute`)),
      h("tr", null, h("th", { scope: "row" }, "Time left"), h("td", null, study.ended !== null ? "ended" : duration(study.secondsLeft))))),
  ]);
}

function drawMethod() {
  update(method, [study.sampler, study.scheduler, study.choice, study.constraints, study.objectives, study.epochs], () =>
    h("table", { class: "facts" }, h("tbody", null, [
      ["Objectives", study.objectives.map(({ metric, direction }) => `${direction} ${metric}`).join(", ")],
      ["Sampler", study.sampler],
      ["Scheduler", study.scheduler],
      study.epochs > 1 ? ["Epochs", count(study.epochs)] : null,
      study.constraints.length > 0 ? ["Constraints", study.constraints.join(", ")] : null,
      study.choice ? ["Chosen", study.choice] : null,
    ].filter(Boolean).map(([name, value]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, clipped(value ?? "–", 300)))))));
}

function drawParameters() {
  const hasConditions = study.parameters.some((parameter) => parameter.condition);
  update(parameters, study.parameters, () => h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": "Parameters" }, h("table", null,
    h("thead", null, h("tr", null, ["Name", "Declaration", ...(hasConditions ? ["Used if"] : [])].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, study.parameters.map((parameter) => h("tr", null,
      h("th", { scope: "row" }, clipped(parameter.name, 60)), h("td", { class: "mono" }, clipped(parameter.declaration, 120)),
      hasConditions ? h("td", { class: "mono" }, clipped(parameter.condition ?? "", 120)) : null))))));
}

const loadRunning = paced(async () => {
  const metrics = study.objectives.map(({ metric }) => metric).slice(0, 3);
  const answer = study.counts.running + study.counts.waiting > 0
    ? await get(`${path}/trials`, { state: ["running", "waiting"], limit: mostRunning, sort: "number", reverse: "true" }) : { total: 0, trials: [] };
  update(running, [answer.trials, answer.total, study.ended], () => (answer.trials.length === 0
    ? h("p", { class: "soft" }, study.trials === 0 ? "No trial has begun." : "No trial is running.")
    : [h("div", { class: "scroll-x", tabindex: 0, role: "group", "aria-label": "Running trials" }, h("table", null,
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Trial"), h("th", { scope: "col" }, "State"), h("th", { scope: "col", class: "number" }, "Epoch"),
        metrics.map((metric) => h("th", { scope: "col", class: "number" }, metric.slice(0, 40))), h("th", { scope: "col" }, "Started"))),
      h("tbody", null, answer.trials.map((trial) => h("tr", null,
        h("td", null, h("a", { href: `/study/${id}/trial/${trial.number}` }, trial.number)), h("td", null, stateNode(trial.state, trial.stale)),
        h("td", { class: "number" }, study.epochs > 1 ? `${metricText(trial.epoch)} of ${study.epochs}` : metricText(trial.epoch)),
        metrics.map((metric) => h("td", { class: "number" }, metricText(trial.values[metric]))),
        h("td", null, trial.started === null ? "–" : ago(trial.started))))))),
    answer.total > mostRunning ? h("p", { class: "soft" }, `${count(answer.total)} in all`) : null]));
}, 500);

function drawPlots() {
  const there = new Set(study.plots.map((plot) => plot.name));
  for (const [name, plot] of plots) if (!there.has(name)) { plot.element.remove(); plots.delete(name); }
  const objectives = study.objectives.map(({ metric }) => metric);
  study.plots.forEach(({ name, summary, perObjective }, index) => {
    if (plots.has(name)) return;
    // A picture of an objective can be one of any metric that was reported.
    const metrics = perObjective ? [...new Set([...objectives, ...study.metrics])] : null;
    const plot = new Plot({
      name, summary, study: id, studyName: study.name, metrics, tip,
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
    await loadRunning();
  } catch (error) {
    showError(error);
  }
});

async function begin() {
  const [info, first] = await Promise.all([top.server(), get(path)]);
  isReadOnly = info.readOnly;
  study = first;
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
}

try {
  await begin();
  follow({
    url: () => address(`${path}/events`, { after: study.revision }), event: "change",
    onState: (state) => top.connection(state),
    onReturn: load,
    onChange(list) {
      const change = list.at(-1);
      // What the event says is shown at once; the rest follows.
      const { changed, ...overview } = change;
      Object.assign(study, overview, { lastEvent: Date.now() / 1000 });
      draw();
      tip.forget();
      load();
      for (const plot of plots.values()) plot.changed();
    },
  });
} catch (error) {
  showError(error);
  setText(heading, error.status === 404 ? "There is no such study" : "Study");
}
