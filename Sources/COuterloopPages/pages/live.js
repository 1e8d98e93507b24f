// Server-sent events: what changed, at most twice a second, over a connection that is reopened when
// it breaks. Hidden pages hold no connection: a browser has only six per server.

const interval = 500;

/**
 * Follows a stream of events.
 *
 * `url()` is the address to connect to now; `event` the name of the events; `onChange(list)` gets
 * all data since the last call; `onState` one of "live", "reconnecting", "gone"; `onReturn` is called
 * after a break, when anything may have changed.
 */
export function follow({ url, event, onChange, onState, onReturn }) {
  let source = null;
  let waiting = [];
  let timer = null;
  let retry = null;
  let last = 0;
  let failures = 0;
  let wasAway = false;

  function flush() {
    timer = null;
    last = performance.now();
    const list = waiting;
    waiting = [];
    if (list.length > 0) onChange(list);
  }

  function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(url());
    source.addEventListener("open", () => {
      failures = 0;
      onState("live");
      if (wasAway) { wasAway = false; onReturn?.(); }
    });
    source.addEventListener(event, (message) => {
      let data;
      try { data = JSON.parse(message.data); } catch { return; }
      waiting.push(data);
      timer ??= setTimeout(flush, Math.max(0, last + interval - performance.now()));
    });
    source.addEventListener("error", () => {
      source.close();
      failures += 1;
      wasAway = true;
      onState(failures > 3 ? "gone" : "reconnecting");
      clearTimeout(retry);
      retry = setTimeout(open, Math.min(5000, 250 * 2 ** failures));
    });
  }

  function close() {
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      wasAway = true;
    } else if (source === null) {
      open();
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (shown) => { if (shown.persisted) { wasAway = true; open(); } });
  if (!document.hidden) open();
  else wasAway = true;
}

/**
 * Runs `work` now and again when asked, never twice at once and not more often than every `least`
 * milliseconds, and rarely if it takes long; requests in the meantime become one further run.
 */
export function paced(work, least = interval) {
  let isRunning = false;
  let isWanted = false;
  let last = -Infinity;
  let took = 0;
  return async function ask() {
    if (isRunning) { isWanted = true; return; }
    isRunning = true;
    do {
      isWanted = false;
      const wait = last + Math.max(least, 2 * took) - performance.now();
      if (wait > 0) await new Promise((done) => { setTimeout(done, wait); });
      last = performance.now();
      try { await work(); } catch (error) { console.warn(error.message); }
      took = performance.now() - last;
    } while (isWanted);
    isRunning = false;
  };
}
