// All studies of the store.

import "./menus.js";
import { get } from "./api.js";
import { commandLine } from "./copy.js";
import { append, h, put, setText } from "./dom.js";
import { ago, count, counted, duration, metricText, short, valueNode } from "./format.js";
import { header, title } from "./header.js";
import { follow, paced } from "./live.js";
import { clearError, showError } from "./messages.js";
import { activity, progressShort } from "./progress.js";
import { sparkline } from "./sparkline.js";
import { stateBar, stateCounts } from "./states.js";

const top = header();
const main = document.getElementById("main");
const search = h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find studies by name", oninput: draw });
const compare = h("button", { type: "button", onclick: openComparison }, "Compare");
const body = h("tbody");
const table = h("table", { class: "studies" },
  h("thead", null, h("tr", null,
    h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Selected")),
    ["Study", "Trials", "Progress"].map((name) => h("th", { scope: "col" }, name)),
    ["Best so far", "Rate", "Time left", "Last event"].map((name) => h("th", { scope: "col", class: "number" }, name)))),
  body);
const tagline = h("p", { class: "tagline" });
const card = h("section", { class: "card", "aria-label": "Studies", hidden: true }, h("div", { class: "scroll-x" }, table));
const empty = h("section", { class: "card", hidden: true });
append(document.querySelector(".page-head"), [h("div", { class: "row" }, search, compare), tagline]);
append(main, [card, empty]);

const rows = new Map();
const selected = new Set();
let studies = [];
let info = null;

function makeRow(study) {
  const check = h("input", {
    type: "checkbox",
    onchange() {
      if (check.checked) selected.add(study.id);
      else selected.delete(study.id);
      drawComparison();
    },
  });
  const link = h("a", { href: `/study/${study.id}` });
  const state = h("div", { class: "soft" });
  const cells = {
    trials: h("td", { class: "progress-cell" }),
    progress: h("td", { data: { label: "Progress" } }),
    best: h("td", { class: "number", data: { label: "Best" } }),
    rate: h("td", { class: "number", data: { label: "Rate" } }),
    left: h("td", { class: "number", data: { label: "Time left" } }),
    last: h("td", { class: "number", data: { label: "Last event" } }),
  };
  const node = h("tr", null, h("td", { class: "check" }, check), h("td", { class: "name" }, link, state), Object.values(cells));
  return { node, link, check, state, cells, revision: null };
}

function fillRow(row, study) {
  setText(row.link, study.name);
  row.check.setAttribute("aria-label", `Select ${study.name}`);
  setText(row.cells.last, ago(study.lastEvent));
  if (row.revision === study.revision) return;
  row.revision = study.revision;
  const objectives = study.objectives.map(({ metric, direction }) => `${direction} ${metric}`).join(", ");
  setText(row.state, `${activity(study)}, ${objectives}`);
  row.state.title = [study.sampler, study.scheduler].filter(Boolean).join(", ");
  put(row.cells.trials, stateBar(study.counts), h("div", { class: "state-counts" }, stateCounts(study.counts, study.stale)));
  put(row.cells.progress, progressShort(study));
  put(row.cells.best, h("div", { class: "best-cell" }, sparkline(study.improvements),
    study.best ? h("a", { href: `/study/${study.id}/trial/${study.best.trial}`, title: `Trial ${study.best.trial}` }, valueNode(study.best.value, metricText(study.best.value)))
      : h("span", { class: "soft" }, "–")));
  put(row.cells.rate, study.rate === null || study.ended !== null ? "–" : `${short(study.rate)}/min`);
  put(row.cells.left, study.ended !== null ? "ended" : duration(study.secondsLeft));
  row.cells.left.title = study.ended ?? "";
}

function draw() {
  const wanted = search.value.trim().toLowerCase();
  const shown = studies.filter((study) => study.name.toLowerCase().includes(wanted));
  const ids = new Set(shown.map((study) => study.id));
  for (const [id, row] of rows) if (!ids.has(id)) { row.node.remove(); rows.delete(id); }
  // The newest come first. Rows stay the same nodes, so that focus and selection stay.
  let place = body.firstChild;
  for (const study of shown.toReversed()) {
    let row = rows.get(study.id);
    if (!row) {
      row = makeRow(study);
      row.check.checked = selected.has(study.id);
      rows.set(study.id, row);
    }
    fillRow(row, study);
    if (row.node === place) place = place.nextSibling;
    else body.insertBefore(row.node, place);
  }
  const trials = studies.reduce((sum, study) => sum + study.trials, 0);
  setText(tagline, studies.length === 0 ? "" : `${counted(studies.length, "study", "studies")}, ${counted(trials, "trial")}`
    + (wanted ? `; ${count(shown.length)} with this name` : ""));
  card.hidden = studies.length === 0;
  search.hidden = studies.length < 8;
  empty.hidden = studies.length > 0;
  if (studies.length === 0 && empty.childElementCount === 0) {
    put(empty, h("div", { class: "empty" },
      h("p", null, "There is no study in this store yet. This command starts one, and it appears here:"),
      commandLine(`outerloop tune --store ${info?.store ?? "outerloop.db"} --param 'lr=log(1e-5, 1e-1)' --minimize loss -- python train.py --lr {lr}`)));
  }
  for (const id of selected) if (!studies.some((study) => study.id === id)) selected.delete(id);
  drawComparison();
}

function drawComparison() {
  compare.hidden = studies.length < 2;
  compare.disabled = selected.size < 2;
  setText(compare, selected.size < 2 ? "Compare studies" : `Compare ${selected.size} studies`);
  compare.title = selected.size < 2 ? "Select two studies or more" : "";
}

function openComparison() {
  location.href = `/compare?studies=${[...selected].sort((a, b) => a - b).join(",")}`;
}

const load = paced(async () => {
  try {
    ({ studies } = await get("/studies"));
    clearError();
    draw();
  } catch (error) {
    showError(error);
  }
});

title("Studies");
try {
  info = await top.server();
} catch (error) {
  showError(error);
}
await load();
follow({
  url: () => "/api/v1/events", event: "studies", onChange: load, onReturn: load,
  onState: (state) => top.connection(state),
});
// "5 min ago" has to be updated over time.
setInterval(() => { for (const study of studies) { const row = rows.get(study.id); if (row) setText(row.cells.last, ago(study.lastEvent)); } }, 10_000);
