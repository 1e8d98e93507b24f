// The theme: as the system has it, light, or dark; the choice is kept in this browser.

import { recall, remember } from "./storage.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const printer = matchMedia("print");

/** The choice: "system", "light" or "dark". */
export function chosenTheme() {
  const kept = recall("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Changes the choice, keeps it, and shows it. */
export function chooseTheme(choice) {
  remember("theme", choice === "system" ? null : choice);
  showTheme();
}

function showTheme() {
  const root = document.documentElement;
  const choice = chosenTheme();
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  const isDark = choice === "dark" || (choice === "system" && system.matches);
  root.toggleAttribute("data-dark", isDark && !printer.matches);
}

system.addEventListener("change", showTheme);
printer.addEventListener("change", showTheme);
// Another tab may have changed it.
addEventListener("storage", (event) => { if (event.key === "theme") showTheme(); });
