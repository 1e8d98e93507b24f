// The files of a trial's checkpoint folder: images, tables and texts are shown, all can be
// downloaded.

import { fileAddress, request } from "./api.js";
import { dataTable } from "./cards.js";
import { parseCSV } from "./csv.js";
import { h, put } from "./dom.js";
import { bytes, moment } from "./format.js";
import { errorNotice } from "./messages.js";

const mostRows = 200;
const mostColumns = 60;
const mostText = 65_536;
const mostTable = 2_000_000;

/** A list of files; `update` keeps what is open as it is. */
export function fileList(study, trial) {
  const element = h("div", { class: "files" });
  const shown = new Map();

  function entry(file) {
    const url = fileAddress(study, trial, file.path);
    const body = h("div", { class: "file-body" });
    const node = h("details", { class: "file" },
      h("summary", null, h("strong", null, file.path), " ", h("span", { class: "soft" }, `${bytes(file.size)}, ${moment(file.modified)}`)), body);
    let isFilled = false;
    const fill = async () => {
      if (!node.open || isFilled) return;
      isFilled = true;
      try {
        put(body, h("p", { class: "soft" }, "Loading…"));
        put(body, await content(file, url));
      } catch (error) {
        put(body, errorNotice(error));
        isFilled = false;
      }
    };
    node.addEventListener("toggle", fill);
    // Pictures are of most interest: those of moderate size are open from the start.
    node.open = file.kind === "image" && file.size < 5_000_000;
    return node;
  }

  return {
    element,
    update(files) {
      const keep = new Set();
      files.forEach((file, index) => {
        keep.add(file.path);
        const stamp = `${file.size} ${file.modified}`;
        const before = shown.get(file.path);
        if (before?.stamp === stamp) return;
        const node = entry(file);
        if (before) {
          node.open = before.node.open;
          before.node.replaceWith(node);
        } else {
          element.insertBefore(node, element.children[index] ?? null);
        }
        shown.set(file.path, { node, stamp });
      });
      for (const [path, { node }] of shown) {
        if (!keep.has(path)) { node.remove(); shown.delete(path); }
      }
    },
  };
}

async function content(file, url) {
  const whole = h("p", null, h("a", { href: url, download: file.path.split("/").at(-1) }, "Download"));
  switch (file.kind) {
    case "image": {
      // The time of the change is in the address, so that a new picture does not come from a cache.
      const image = h("img", { src: `${url}?modified=${file.modified}`, alt: `Image ${file.path}`, loading: "lazy" });
      image.addEventListener("error", () => image.replaceWith(h("p", { class: "soft" }, "The browser cannot show this image.")), { once: true });
      return [image, whole];
    }
    case "table": return [await table(file, url), whole];
    case "text": {
      const text = await beginning(url, mostText);
      return [h("pre", { class: "block", tabindex: 0, "aria-label": `Text ${file.path}` }, text), file.size > mostText ? h("p", { class: "soft" }, `The first ${bytes(mostText)} of ${bytes(file.size)}.`) : null, whole];
    }
    default: return [h("p", { class: "soft" }, "There is no preview of this kind of file."), whole];
  }
}

async function table(file, url) {
  const rows = parseCSV(await beginning(url, mostTable), mostRows + 1);
  if (rows.length === 0) return h("p", { class: "soft" }, "The table is empty.");
  const [head, ...body] = rows.map((row) => row.slice(0, mostColumns));
  const isNumber = (index) => body.length > 0
    && body.every((row) => row[index] === undefined || row[index] === "" || Number.isFinite(Number(row[index])));
  const cut = (text) => (text.length > 200 ? text.slice(0, 200) + "…" : text);
  return [
    dataTable(`Table ${file.path}`, head.map((title, index) => (isNumber(index) ? { title } : title)),
      body.map((row) => head.map((_, index) => cut(row[index] ?? "")))),
    body.length >= mostRows ? h("p", { class: "soft" }, `The first ${mostRows} rows.`) : null,
    rows[0].length > mostColumns ? h("p", { class: "soft" }, `The first ${mostColumns} columns.`) : null,
  ];
}

/** The first bytes of a file as text; the rest is not fetched. */
async function beginning(url, limit) {
  const answer = await request(url);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    text += decoder.decode(size > limit ? value.subarray(0, value.length - (size - limit)) : value, { stream: true });
    if (size >= limit) {
      await reader.cancel();
      return text;
    }
  }
}
