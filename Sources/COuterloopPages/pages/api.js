// The dashboard's HTTP API, version 1.

const root = "/api/v1";

/** An error of the server or the connection, with its remedy. */
export class ApiError extends Error {
  constructor(message, remedy, status) {
    super(message);
    this.remedy = remedy;
    this.status = status;
  }
}

/** The address of something below the API; `query` may have arrays; null and "" are omitted. */
export function address(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "" && one !== false) search.append(name, one);
    }
  }
  const text = search.toString();
  return root + path + (text ? "?" + text : "");
}

/** The address of a file in a trial's checkpoint folder. */
export function fileAddress(study, trial, path) {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  return `${root}/studies/${study}/trials/${trial}/files/${parts}`;
}

/** Fetches; throws `ApiError` unless the response is a success. */
export async function request(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(
      "The dashboard's server does not answer.",
      "Start it again with `outerloop dashboard`; this page then continues by itself.", 0);
  }
  if (!answer.ok) {
    let body = {};
    try { body = await answer.json(); } catch { /* no JSON: the status has to do */ }
    throw new ApiError(
      body.error ?? `The server answered ${answer.status}.`, body.remedy ?? "", answer.status);
  }
  return answer;
}

/** The JSON below `path`. */
export async function get(path, query, signal) {
  return (await request(address(path, query), { signal })).json();
}

/** Changes something: POST, unless `method` says otherwise. */
export async function send(path, body = {}, method = "POST") {
  const answer = await request(address(path), {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return text ? JSON.parse(text) : {};
}
