// Requests to the service. The token stays in this tab's session and in a header, never in an address.

const ROOT = new URL("api/v1/", document.baseURI);
const TOKEN = "acceld-token";
const PATIENCE = 15_000; // milliseconds
const SHARE = 10; // a page that follows something is a tenth of its service's work at most

/** Tells of `online` and `offline`. */
export const connection = new EventTarget();

/** What the service answered; `status` is 0 when it did not. */
export class ApiError extends Error {
  constructor(status, message, wait = 0) {
    super(message);
    Object.assign(this, { status, wait });
  }
}

export const readToken = () => sessionStorage.getItem(TOKEN) ?? "";
export const keepToken = (token) => (token ? sessionStorage.setItem(TOKEN, token) : sessionStorage.removeItem(TOKEN));

/** Asks once. Gives `{data, etag, next}`; data is null when the service says that `etag` is still right. */
export async function ask(path, { method = "GET", etag = "", token = readToken() } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (etag) headers["If-None-Match"] = etag;
  let response;
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    response = await fetch(new URL(path, ROOT), { method, headers, signal, cache: "no-store", redirect: "error" });
  } catch {
    connection.dispatchEvent(new Event("offline"));
    throw new ApiError(0, "The service does not answer");
  }
  connection.dispatchEvent(new Event("online"));
  if (response.status === 304) return { data: null, etag };
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    const wait = Number(response.headers.get("Retry-After")) || 0;
    throw new ApiError(response.status, body?.message ?? `The service answered ${response.status}`, wait);
  }
  return { data: body, etag: response.headers.get("ETag") ?? "", next: nextPage(response.headers.get("Link")) };
}

/** The `before` of the page that a Link header names; empty when there is none. */
function nextPage(link) {
  const found = /<([^>]*)>; rel="next"/.exec(link ?? "");
  return found ? (new URL(found[1], ROOT).searchParams.get("before") ?? "") : "";
}

/**
 * Asks again and again while the page is looked at, and calls `show(data, next)` when the answer is a new one.
 *
 * `path` and `seconds` are functions, called before each request; `fault(error)` hears of errors. Gives `{stop, now}`.
 */
export function follow(path, seconds, show, fault = () => {}) {
  let stopped = false;
  let etag = "";
  let asked = "";
  let timer = 0;
  let busy = false;

  async function look() {
    clearTimeout(timer);
    if (stopped || busy) return;
    if (document.hidden) return; // `wake` looks again
    busy = true;
    const start = performance.now();
    let wait = 0;
    try {
      const where = path();
      const answer = await ask(where, { etag: where === asked ? etag : "" });
      if (stopped) return;
      if (where === path()) {
        [asked, etag] = [where, answer.etag];
        if (answer.data !== null) show(answer.data, answer.next);
      }
    } catch (error) {
      if (stopped) return;
      if (error instanceof ApiError) {
        wait = error.wait;
        fault(error);
      } else reportError(error); // a task that cannot be shown must not end the watching
    } finally {
      busy = false;
    }
    const pause = Math.max(seconds(), wait, (SHARE * (performance.now() - start)) / 1000);
    timer = setTimeout(look, pause * 1000);
  }

  const wake = () => document.hidden || look();
  document.addEventListener("visibilitychange", wake);
  look();
  return {
    now: look,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    },
  };
}
