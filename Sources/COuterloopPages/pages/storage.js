// What this browser remembers. Storage may be blocked or full: then nothing is remembered.

/** The text kept under `key`, or null. */
export function recall(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

/** Stores a text under `key`; null removes it. */
export function remember(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch { /* blocked or full */ }
}

/** The value kept as JSON under `key`, or `otherwise`. */
export function recallJSON(key, otherwise) {
  try { return JSON.parse(recall(key)) ?? otherwise; } catch { return otherwise; }
}

export function rememberJSON(key, value) { remember(key, JSON.stringify(value)); }
