// The top of every page: the current location, the theme, and whether the page is live.

import { h, put } from "./dom.js";
import { get } from "./api.js";
import { chooseTheme, chosenTheme } from "./theme.js";

const states = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  gone: "Server not reachable",
};

/** Fills the header; `crumbs` are `[text, address]` below the store. Returns its handles. */
export function header() {
  const connection = h("span", { class: "connection", role: "status" }, states.connecting);
  const list = h("ol");
  const badge = h("span", { class: "badge", hidden: true, title: "The server was started with --read-only" }, "Read only");
  const theme = h("select", {
    "aria-label": "Theme", onchange: (event) => chooseTheme(event.target.value),
  }, [["system", "System theme"], ["light", "Light"], ["dark", "Dark"]].map(
    ([value, text]) => h("option", { value }, text)));
  theme.value = chosenTheme();
  put(
    document.getElementById("top"),
    h("nav", { class: "crumbs", "aria-label": "Breadcrumb" }, list),
    h("div", { class: "top-tools" }, badge, connection, theme));

  let store = "Outerloop";
  let below = [];
  function draw() {
    const all = [[store, "/"], ...below];
    put(list, all.map(([text, url], index) => h("li", null, index === all.length - 1
      ? h("span", { "aria-current": "page", class: index === 0 ? "brand" : null, title: text }, index === 0 ? logo() : null, text)
      : h("a", { href: url, class: index === 0 ? "brand" : null, title: text }, index === 0 ? logo() : null, text))));
  }
  draw();

  return {
    /** The breadcrumbs after the store: `[text, address]` each. */
    crumbs(next) {
      if (JSON.stringify(next) === JSON.stringify(below)) return;
      below = next;
      draw();
    },
    connection(state) {
      if (connection.dataset.state === state) return;
      connection.dataset.state = state;
      connection.textContent = states[state];
    },
    /** Requests the server's description; returns it. */
    async server() {
      const info = await get("/");
      store = info.store;
      badge.hidden = !info.readOnly;
      draw();
      return info;
    },
  };
}

function logo() { return h("img", { src: "/assets/icon.svg", alt: "", width: 18, height: 18 }); }

/** The title of the document. */
export function title(...parts) { document.title = [...parts, "Outerloop"].join(" · "); }
