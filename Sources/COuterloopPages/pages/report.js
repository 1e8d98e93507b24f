// Makes a report interactive: the trial under the pointer, and tables sorted by a click.
"use strict";

const known = JSON.parse(document.getElementById("trials").textContent);
const places = new Map(known.trials.map((trial, place) => [String(trial), place]));
const tip = document.getElementById("tip");

// The marks of a picture as [x, y, trial] in its own units.
function marksOf(svg) {
  const marks = [];
  for (const element of svg.querySelectorAll("[data-trial]")) {
    const trials = element.getAttribute("data-trial").split(" ");
    const toPicture = svg.getScreenCTM().inverse().multiply(element.getScreenCTM());
    const add = (x, y, trial) => {
      const point = new DOMPoint(x, y).matrixTransform(toPicture);
      marks.push([point.x, point.y, trial]);
    };
    if (element.tagName === "path") {
      const places = element.getAttribute("d").matchAll(/M([-\d.]+) ([-\d.]+)/g);
      [...places].forEach((place, index) => add(+place[1], +place[2], trials[index]));
    } else if (element.tagName === "polyline") {
      for (const point of element.points) add(point.x, point.y, trials[0]);
    } else {
      const box = element.getBBox();
      add(box.x + box.width / 2, box.y + box.height / 2, trials[0]);
    }
  }
  return marks;
}

function show(trial, event) {
  const place = places.get(trial);
  tip.replaceChildren();
  const title = document.createElement("b");
  title.textContent = `trial ${trial}` + (place === undefined ? "" : `, ${known.states[place]}`);
  tip.append(title);
  if (place !== undefined) {
    const list = document.createElement("dl");
    for (const { name, values } of known.columns) {
      if (values[place] === null) continue;
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, text.textContent] = [name, values[place]];
      list.append(term, text);
    }
    tip.append(list);
  }
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 8))}px`;
}

for (const svg of document.querySelectorAll("figure > svg")) {
  let marks;
  svg.addEventListener("pointermove", (event) => {
    marks ??= marksOf(svg);
    const toPicture = svg.getScreenCTM().inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(toPicture);
    const reach = 12 * toPicture.a;
    let best = null;
    let least = reach * reach;
    for (const mark of marks) {
      const distance = (mark[0] - x) ** 2 + (mark[1] - y) ** 2;
      if (distance < least) [least, best] = [distance, mark];
    }
    if (best) show(best[2], event);
    else tip.hidden = true;
  });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });
}

for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const falls = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const text = (row) => row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows].sort((one, other) => {
      const [a, b] = [text(one), text(other)];
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
      return falls ? -order : order;
    });
    table.tBodies[0].append(...rows);
  }));
}
