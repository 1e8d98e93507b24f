// The trials of a study as a table of any length.

import "./menus.js";
import { addTrial } from "./actions.js";
import { address, get } from "./api.js";
import { columnsOf } from "./columns.js";
import { commandLine } from "./copy.js";
import { append, h, put, setText } from "./dom.js";
import { filterBar } from "./filter.js";
import { count, counted } from "./format.js";
import { header, title } from "./header.js";
import { follow, paced } from "./live.js";
import { clearError, showError } from "./messages.js";
import { Rows } from "./rows.js";
import { compareTrials, mostCompared } from "./trial-comparison.js";
import { columnMenu } from "./trial-columns.js";
import { WindowedTable } from "./windowed-table.js";

const id = Number(location.pathname.split("/")[2]);
const path = `/studies/${id}`;
const top = header();
const main = document.getElementById("main");
const given = new URLSearchParams(location.search);
let sort = given.get("sort") ?? "number";
let isReverse = given.get("reverse") === "true";
let study = null;
let shown = [];
const selected = new Set();
let lastSelected = null;

const filter = filterBar({ where: given.get("where"), state: given.getAll("state") }, restart);
const compare = h("button", { type: "button", disabled: true, onclick: openComparison }, "Compare trials");
const unselect = h("button", { type: "button", class: "plain", hidden: true, onclick() { selected.clear(); drawSelection(); table.draw(); } }, "Clear selection");
const exportCSV = h("a", { download: "" }, "CSV");
const exportJSON = h("a", { download: "" }, "JSON lines");
const exports = h("details", { class: "menu" }, h("summary", null, "Export"), h("div", { class: "menu-body" }, exportCSV, exportJSON));
const status = h("span", { class: "number", role: "status" }, "Loading…");
const help = h("span", { class: "soft" }, "↑ ↓ move, Enter opens, Space selects");
const rows = new Rows(`${path}/trials`, {
  onBefore() { anchor ??= table.anchor; },
  onRows() {
    // The rows at the new position may arrive later.
    if (table.keep(anchor)) anchor = null;
    table.draw();
    drawStatus();
    filter.fail(null);
    clearError();
  },
  onError(error) {
    if (error.status === 400) filter.fail(error);
    else showError(error);
  },
});
let anchor = null;
const table = new WindowedTable({
  label: "Trials", rows,
  onSort(column) {
    isReverse = sort === column.sort ? !isReverse : false;
    sort = column.sort;
    restart();
  },
  onOpen(trial, isNewTab) {
    const url = `/study/${id}/trial/${trial.number}`;
    if (isNewTab) window.open(url, "_blank", "noopener");
    else location.href = url;
  },
  onSelect(trial, isRange) { select(trial, isRange); },
  isSelected: (trial) => selected.has(trial.number),
});
const frame = h("div", { class: "table-frame" }, table.element, h("div", { class: "table-foot" }, status, help));
const nothing = h("div", { class: "card", hidden: true });

function query() {
  return { ...filter.query, sort: sort === "number" ? null : sort, reverse: isReverse ? "true" : null };
}

async function restart() {
  const next = query();
  anchor = null;
  const search = new URLSearchParams(address("", next).split("?")[1] ?? "");
  history.replaceState(null, "", location.pathname + (search.size > 0 ? `?${search}` : ""));
  exportCSV.href = address(`${path}/trials.csv`, next);
  exportJSON.href = address(`${path}/trials.jsonl`, next);
  const isDone = await rows.restart(next);
  if (!isDone) return;
  table.element.scrollTop = 0;
  table.setColumns(shown, sort, isReverse);
}

function drawStatus() {
  setText(status, filter.isChoosing ? `${count(rows.total)} of ${counted(study.trials, "trial")}` : counted(rows.total, "trial"));
  filter.counts(study.counts, study.stale);
  const isEmpty = study.trials === 0;
  frame.hidden = isEmpty;
  nothing.hidden = !isEmpty;
}

function select(trial, isRange) {
  if (isRange && lastSelected !== null) {
    const [from, to] = [lastSelected, trial.number].sort((a, b) => a - b);
    const [first, last] = table.range;
    for (let index = first - 500; index <= last + 500; index += 1) {
      const row = index >= 0 ? rows.row(index) : null;
      if (row && row.number >= from && row.number <= to) selected.add(row.number);
    }
  } else if (!selected.delete(trial.number)) {
    selected.add(trial.number);
  }
  lastSelected = trial.number;
  drawSelection();
}

function drawSelection() {
  compare.disabled = selected.size < 2 || selected.size > mostCompared;
  setText(compare, selected.size < 2 ? "Compare trials" : `Compare ${count(selected.size)} trials`);
  compare.title = selected.size < 2 ? "Select two trials or more" : selected.size > mostCompared ? `At most ${mostCompared} trials fit side by side` : "";
  unselect.hidden = selected.size === 0;
}

async function openComparison() {
  try { await compareTrials(study, [...selected].sort((a, b) => a - b)); } catch (error) { showError(error); }
}

const refresh = paced(async () => {
  rows.refresh();
  drawStatus();
});

/** Metrics may be new: with the first reports there are columns that were not there before. */
const refreshStudy = paced(async () => {
  const before = study.metrics.length;
  study = await get(path);
  if (study.metrics.length !== before) drawColumns();
  drawStatus();
}, 5000);

let menu = null;
function drawColumns() {
  const next = columnMenu(study, columnsOf(study), (chosen) => {
    shown = chosen;
    table.setColumns(shown, sort, isReverse);
  });
  shown = next.shown;
  if (menu === null) exports.before(next.element);
  else menu.replaceWith(next.element);
  menu = next.element;
  table.setColumns(shown, sort, isReverse);
}

async function begin() {
  const [info, first] = await Promise.all([top.server(), get(path)]);
  study = first;
  title("Trials", study.name);
  top.crumbs([[study.name, `/study/${id}`], ["Trials", `/study/${id}/trials`]]);
  setText(document.getElementById("title"), `Trials of ${study.name}`);
  const add = info.readOnly ? null : h("button", { type: "button", onclick: async () => { if (await addTrial(study) !== null) refresh(); } }, "Add trial…");
  append(document.querySelector(".page-head"), h("div", { class: "row" }, compare, unselect, exports, add));
  put(nothing, h("div", { class: "empty" }, h("p", null, "This study has no trials yet. They appear here when a worker starts:"),
    commandLine(`outerloop resume --store ${info.store} --study '${study.name.replaceAll("'", "'\\''")}'`)));
  append(main, [filter.element, frame, nothing]);
  drawSelection();
  drawStatus();
  drawColumns();
  await restart();
}

try {
  await begin();
  follow({
    url: () => address(`${path}/events`, { after: study.revision }), event: "change",
    onState: (state) => top.connection(state),
    onReturn() {
      refresh();
      refreshStudy();
    },
    onChange(list) {
      const { changed, ...overview } = list.at(-1);
      Object.assign(study, overview);
      refresh();
      refreshStudy();
    },
  });
} catch (error) {
  showError(error);
}
