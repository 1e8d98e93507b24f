// The rows of a long table in pages: visible ones are fetched first, then those ahead.

import { get } from "./api.js";

export const pageSize = 200;
const keptPages = 100;
const atOnce = 3;

/**
 * Rows of `path` by their index. `query` is what chooses and orders them. `onBefore` is called when some
 * have arrived and before they take their places, `onRows` after that; `onError` with what went wrong.
 */
export class Rows {
  #path;
  #pages = new Map();
  #stale = new Set();
  #underway = new Map();
  #wanted = [];
  #generation = 0;
  #changes = 0;
  #restarts = 0;

  constructor(path, { onBefore, onRows, onError }) {
    this.#path = path;
    this.query = {};
    this.total = 0;
    this.isLoaded = false;
    this.onBefore = onBefore;
    this.onRows = onRows;
    this.onError = onError;
  }

  /** Another choice or order: all rows are replaced, but only when the first new ones have arrived. */
  async restart(query) {
    this.#generation += 1;
    const generation = this.#generation;
    for (const controller of this.#underway.values()) controller.abort();
    this.#underway.clear();
    this.#wanted = [];
    this.#restarts += 1;
    let answer;
    try {
      answer = await get(this.#path, { ...query, offset: 0, limit: pageSize });
    } catch (error) {
      if (generation === this.#generation) this.onError(error);
      return false;
    } finally {
      this.#restarts -= 1;
    }
    if (generation !== this.#generation) return false;
    this.query = query;
    this.#pages.clear();
    this.#stale.clear();
    this.#keep(0, answer);
    this.isLoaded = true;
    this.onRows();
    return true;
  }

  /** The row at `index`, or null while it is not loaded. */
  row(index) {
    const page = this.#pages.get(Math.floor(index / pageSize));
    return page?.[index % pageSize] ?? null;
  }

  /** The visible rows are `first` to `last`; `direction` is where the view moves. */
  want(first, last, direction) {
    const from = Math.floor(Math.max(0, first) / pageSize);
    const to = Math.floor(Math.max(0, last) / pageSize);
    const end = Math.max(0, Math.ceil(this.total / pageSize) - 1);
    const wanted = [];
    for (let page = from; page <= to; page += 1) wanted.push(page);
    const ahead = direction < 0 ? [from - 1, from - 2, to + 1, from - 3] : [to + 1, to + 2, from - 1, to + 3];
    for (const page of ahead) wanted.push(page);
    this.#wanted = wanted.filter((page) => page >= 0 && page <= end);
    for (const [page, controller] of this.#underway) {
      // A page far from the view is not worth the wait.
      if (page < from - 4 || page > to + 4) { controller.abort(); this.#underway.delete(page); }
    }
    this.#fetch();
  }

  /** Rows changed: visible ones are requested again, and shown unchanged until then. */
  refresh() {
    this.#changes += 1;
    for (const page of this.#pages.keys()) this.#stale.add(page);
    this.#fetch(true);
  }

  #keep(page, answer) {
    this.total = answer.total;
    this.#pages.delete(page);
    this.#pages.set(page, answer.trials);
    this.#stale.delete(page);
    for (const key of this.#pages.keys()) {
      if (this.#pages.size <= keptPages) break;
      if (!this.#wanted.includes(key)) this.#pages.delete(key);
    }
  }

  #fetch(isEvenIfNone = false) {
    // Rows of the previous choice are useless.
    if (!this.isLoaded || this.#restarts > 0) return;
    const missing = this.#wanted.filter((page) => !this.#underway.has(page) && (!this.#pages.has(page) || this.#stale.has(page)));
    if (isEvenIfNone && missing.length === 0 && this.#underway.size === 0) missing.push(0);
    for (const page of missing) {
      if (this.#underway.size >= atOnce) break;
      this.#load(page);
    }
  }

  async #load(page) {
    const generation = this.#generation;
    const controller = new AbortController();
    const changes = this.#changes;
    this.#underway.set(page, controller);
    try {
      const answer = await get(this.#path, { ...this.query, offset: page * pageSize, limit: pageSize }, controller.signal);
      if (generation !== this.#generation) return;
      this.#underway.delete(page);
      this.onBefore();
      this.#keep(page, answer);
      // Changes in the meantime may be missing in it.
      if (changes !== this.#changes) this.#stale.add(page);
      this.onRows();
    } catch (error) {
      if (this.#underway.get(page) === controller) this.#underway.delete(page);
      if (error.name !== "AbortError" && generation === this.#generation) this.onError(error);
      return;
    }
    this.#fetch();
  }
}
