// The log of a trial: its end, what comes after it while the trial runs, and what was before on
// demand. It stays at the bottom unless scrolled up.

import { get } from "./api.js";
import { h } from "./dom.js";
import { bytes } from "./format.js";

const pause = 1000;
const chunk = 65_536;
const mostShown = 2_000_000;

/** The log below `path`; `isRunning()` says whether more may come. */
export function logTail(path, isRunning) {
  const view = h("pre", { class: "block log", tabindex: 0, role: "log", "aria-live": "off", "aria-label": "Log" });
  const earlier = h("button", { type: "button", hidden: true, onclick: showEarlier }, "Show earlier");
  const follow = h("button", { type: "button", "aria-pressed": "true", onclick: toBottom }, "Follow");
  const place = h("span", { class: "soft number" });
  let first = null;
  let next = null;
  let text = "";
  let timer = null;
  let isBusy = false;
  let isAtBottom = true;

  view.addEventListener("scroll", () => {
    isAtBottom = view.scrollHeight - view.scrollTop - view.clientHeight < 24;
    follow.setAttribute("aria-pressed", String(isAtBottom));
  }, { passive: true });

  function toBottom() {
    isAtBottom = true;
    view.scrollTop = view.scrollHeight;
  }

  function draw() {
    const selection = getSelection();
    // An update would lose a selection in the log: it waits until the selection is cleared.
    if (!selection.isCollapsed && view.contains(selection.anchorNode)) return;
    view.textContent = readable(text) || "Nothing yet.";
    if (isAtBottom) view.scrollTop = view.scrollHeight;
    earlier.hidden = !first;
    place.textContent = next === null ? "" : first > 0 ? `${bytes(first)} before this` : bytes(next);
  }

  async function showEarlier() {
    if (!first) return;
    const from = Math.max(0, first - chunk);
    const answer = await get(`${path}/log`, { from });
    // The received piece may end before or after the shown one.
    const keep = answer.to > first ? cutBytes(answer.text, first - answer.from) : answer.text;
    const before = view.scrollHeight - view.scrollTop;
    isAtBottom = false;
    text = keep + text;
    first = answer.from;
    draw();
    view.scrollTop = view.scrollHeight - before;
  }

  async function ask() {
    clearTimeout(timer);
    view.classList.toggle("running", isRunning());
    if (isBusy) return;
    isBusy = true;
    try {
      let more = true;
      while (more) {
        const answer = await get(`${path}/log`, next === null ? {} : { from: next });
        if (next !== null && answer.size < next) {
          // The log was restarted.
          first = null; next = null; text = "";
          continue;
        }
        first ??= answer.from;
        if (answer.text !== "") {
          text += answer.text;
          if (text.length > mostShown) {
            const cut = text.length - mostShown / 2;
            first += new TextEncoder().encode(text.slice(0, cut)).length;
            text = text.slice(cut);
          }
        }
        more = answer.to < answer.size && answer.to > (next ?? -1);
        next = answer.to;
        if (answer.text !== "" || !more) draw();
      }
    } catch (error) {
      if (error.status === 404 && next === null) view.textContent = "No log yet.";
    }
    isBusy = false;
    if (isRunning() && !document.hidden) timer = setTimeout(ask, pause);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });

  return { element: h("div", { class: "stack" }, view, h("div", { class: "row" }, follow, earlier, place)), ask };
}

/** Text as a terminal would leave it: without colours, and a line overwritten by `\r` is its last. */
export function readable(text) {
  return text
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, "")
    .replace(/\r+\n/g, "\n")
    .replace(/[^\n]*\r(?!\n)/g, "")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\u00b7");
}

/** The first `size` bytes of a text in UTF-8. */
function cutBytes(text, size) {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, size)).replace(/\ufffd$/, "");
}
