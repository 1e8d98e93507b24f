// Errors with their remedies, and short confirmations.

import { h } from "./dom.js";

/** A statement of the server as a sentence. */
export function sentence(text) {
  const clean = text.trim();
  if (clean === "") return "";
  return clean[0].toUpperCase() + clean.slice(1) + (/[.!?:]$/.test(clean) ? "" : ".");
}

/** An error as a notice. */
export function errorNotice(error) {
  return h(
    "div", { class: "notice error", role: "alert" },
    h("strong", null, sentence(error.message)), error.remedy ? h("p", null, sentence(error.remedy)) : null);
}

/** A confirmation in the corner that disappears by itself. */
export function toast(text) {
  document.querySelector(".toast")?.remove();
  const node = h("div", { class: "toast notice", role: "status" }, text);
  document.body.append(node);
  setTimeout(() => node.remove(), 4000);
}

/** Shows an error below the page's head, replacing the previous one. */
export function showError(error) {
  clearError();
  const notice = errorNotice(error);
  notice.id = "page-error";
  const head = document.querySelector(".page-head");
  head.after(notice);
}

export function clearError() { document.getElementById("page-error")?.remove(); }
