// Sets the theme before anything is drawn, so that a dark page does not flash white. A classic
// script, because modules run after the first paint.
(() => {
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* storage may be blocked */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  const dark = chosen === "dark"
    || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.toggleAttribute("data-dark", dark);
})();
