// The best value so far of several studies in one picture.

import "./menus.js";
import { address, get } from "./api.js";
import { append, h, put, setText } from "./dom.js";
import { counted, metricText, short, valueNode } from "./format.js";
import { header, title } from "./header.js";
import { follow, paced } from "./live.js";
import { clearError, showError } from "./messages.js";
import { Plot } from "./plots.js";
import { activity } from "./progress.js";
import { sparkline } from "./sparkline.js";
import { stateCounts } from "./states.js";

const top = header();
const main = document.getElementById("main");
const given = new URLSearchParams(location.search);
const chosen = new Set((given.get("studies") ?? "").split(",").map(Number).filter((id) => Number.isInteger(id) && id >= 0 && given.has("studies")));
let objective = given.get("objective");
let isTogether = given.get("together") === "true";
let studies = [];

const select = h("select", { onchange() { objective = select.value; changed(); } });
const together = h("input", { type: "checkbox", checked: isTogether, onchange() { isTogether = together.checked; changed(); } });
const search = h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find studies by name", oninput: drawTable });
const body = h("tbody");
const nothing = h("p", { class: "card soft" }, "Select two studies or more that share a metric.");
const plot = new Plot({
  name: "compare", title: "Best value so far", studyName: "compare", isAlwaysWide: true,
  source: (query) => address("/compare.svg", { ...query, studies: ids().join(","), objective, together: isTogether ? "true" : null }),
});

// Other pictures that take several studies: those of the first, with the others beside it.
const others = new Map();
const figures = h("div", { class: "figures" });

async function drawOthers() {
  const list = ids();
  const [first, ...rest] = list;
  let plots = [];
  if (rest.length > 0 && objective !== null) ({ plots } = await get(`/studies/${first}`));
  if (list.join() !== ids().join()) return;
  const there = plots.filter((plot) => plot.comparesStudies);
  for (const [name, other] of others) if (!there.some((plot) => plot.name === name)) { other.element.remove(); others.delete(name); }
  for (const { name, summary } of there) {
    if (!others.has(name)) {
      others.set(name, new Plot({
        name, summary, studyName: "compare",
        source: (query) => address(`/studies/${ids()[0]}/plots/${encodeURIComponent(name)}.svg`, { ...query, objective, compare: ids().slice(1) }),
      }));
      figures.append(others.get(name).element);
    }
    others.get(name).choose({});
  }
}

function ids() { return studies.filter((study) => chosen.has(study.id)).map((study) => study.id); }

/** Metrics that all chosen studies have as objectives. */
function shared() {
  const lists = studies.filter((study) => chosen.has(study.id)).map((study) => study.objectives.map(({ metric }) => metric));
  return lists.length === 0 ? [] : lists.reduce((all, next) => all.filter((metric) => next.includes(metric)));
}

function changed() {
  const metrics = shared();
  if (!metrics.includes(objective)) objective = metrics[0] ?? null;
  put(select, metrics.map((metric) => h("option", { value: metric }, metric.slice(0, 80))));
  if (objective !== null) select.value = objective;
  const list = ids();
  const search = new URLSearchParams();
  if (list.length > 0) search.set("studies", list.join(","));
  if (objective !== null && metrics.length > 1) search.set("objective", objective);
  if (isTogether) search.set("together", "true");
  history.replaceState(null, "", `/compare?${search.toString().replaceAll("%2C", ",")}`);
  const isDrawn = list.length > 0 && objective !== null;
  plot.element.hidden = !isDrawn;
  nothing.hidden = isDrawn;
  setText(nothing, list.length > 1 ? "The selected studies share no objective." : "Select two studies or more that share a metric.");
  if (isDrawn) plot.choose({});
  drawOthers().catch(showError);
  drawTable();
}

const rows = new Map();
function drawTable() {
  const wanted = search.value.trim().toLowerCase();
  const shown = studies.filter((study) => chosen.has(study.id) || study.name.toLowerCase().includes(wanted));
  const there = new Set(shown.map((study) => study.id));
  for (const [id, row] of rows) if (!there.has(id)) { row.node.remove(); rows.delete(id); }
  let place = body.firstChild;
  for (const study of shown) {
    let row = rows.get(study.id);
    if (!row) {
      const check = h("input", {
        type: "checkbox", "aria-label": `Compare ${study.name}`, checked: chosen.has(study.id),
        onchange() {
          if (check.checked) chosen.add(study.id);
          else chosen.delete(study.id);
          changed();
        },
      });
      const cells = h("td", { class: "name" }, h("a", { href: `/study/${study.id}` }, study.name), h("div", { class: "soft" }));
      row = { node: h("tr", null, h("td", { class: "check" }, check), cells), rest: [], info: cells.lastChild, revision: null };
      rows.set(study.id, row);
    }
    if (row.revision !== study.revision) {
      row.revision = study.revision;
      setText(row.info, `${activity(study)}, ${study.objectives.map(({ metric, direction }) => `${direction} ${metric}`).join(", ")}`);
      for (const cell of row.rest) cell.remove();
      row.rest = [
        h("td", { data: { label: "Sampler" } }, [study.sampler, study.scheduler].filter((name) => name && name !== "none").join(", ")),
        h("td", null, h("div", { class: "state-counts" }, stateCounts(study.counts, study.stale))),
        h("td", { class: "number", data: { label: "Best" } }, h("div", { class: "best-cell" }, sparkline(study.improvements),
          study.best ? valueNode(study.best.value, metricText(study.best.value)) : "–")),
        h("td", { class: "number", data: { label: "Rate" } }, study.rate === null ? "–" : `${short(study.rate)}/min`),
      ];
      row.node.append(...row.rest);
    }
    if (row.node === place) place = place.nextSibling;
    else body.insertBefore(row.node, place);
  }
  search.hidden = studies.length < 8;
  setText(tagline, `${counted(ids().length, "study", "studies")} of ${studies.length}`);
}

const tagline = h("p", { class: "tagline" });

const load = paced(async () => {
  try {
    ({ studies } = await get("/studies"));
    clearError();
    drawTable();
    plot.changed();
    for (const other of others.values()) other.changed();
  } catch (error) {
    showError(error);
  }
});

title("Compare studies");
top.crumbs([["Compare", "/compare"]]);
append(document.querySelector(".page-head"), [
  h("div", { class: "row" }, h("label", { class: "inline" }, "Metric", select),
    h("label", { class: "inline", title: "Studies whose names differ in a number at the end only, such as lr-1 and lr-2, become one line with an interval" }, together, "Join repeated seeds"), search),
  tagline]);
append(main, [plot.element, nothing, figures, h("section", { class: "card", "aria-label": "Studies" }, h("div", { class: "scroll-x" }, h("table", { class: "studies" },
  h("thead", null, h("tr", null, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Compared")),
    ["Study", "Method", "Trials"].map((name) => h("th", { scope: "col" }, name)), ["Best so far", "Rate"].map((name) => h("th", { scope: "col", class: "number" }, name)))), body)))]);
plot.element.hidden = true;
try {
  await top.server();
  await load();
  changed();
  follow({
    url: () => "/api/v1/events", event: "studies", onReturn: load, onState: (state) => top.connection(state),
    onChange(list) {
      if (list.some(({ studies: changes }) => changes === undefined || changes.some(({ id }) => chosen.has(id) || !rows.has(id)))) load();
    },
  });
} catch (error) {
  showError(error);
}
