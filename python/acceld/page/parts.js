// What both views show of a task: its state, how far it is, its times.

import { element, icon, setText } from "./dom.js";
import { agoText, durationText, moment, wholeTime } from "./text.js";

export const STATES = {
  queued: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled", skipped: "Skipped",
};
export const ENDED = new Set(["done", "failed", "cancelled", "skipped"]);

/** The state as an icon and a word. A state this page does not know is shown as it is called. */
export function stateBadge(state) {
  const known = Object.hasOwn(STATES, state);
  return element(
    "span", { class: `state state-${known ? state : "other"}` },
    known && icon(state), element("span", {}, known ? STATES[state] : state),
  );
}

/** How much of the source has been read, from 0 to 1; null when that is not known. */
export function shareDone(progress) {
  const { total = 0, pull = 0 } = progress ?? {};
  return total > 0 ? Math.min(1, pull / total) : null;
}

/** A bar that `set(share)` moves; null moves it to and fro. */
export function progressBar(label) {
  const fill = element("span", { class: "fill" });
  const bar = element("span", { class: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, fill);
  const set = (share) => {
    bar.classList.toggle("unknown", share === null);
    fill.style.width = share === null ? "" : `${100 * share}%`;
    if (share === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", Math.floor(100 * share));
  };
  set(null);
  return { bar, set };
}

/** `5 minutes ago`, with the whole time for the pointer. It keeps up with the clock. */
export function since(text, none = "–") {
  const date = moment(text);
  if (!date) return element("span", { class: "muted" }, none);
  return element("time", { datetime: date.toISOString(), title: wholeTime(date), "data-since": date.getTime() }, agoText(date));
}

/** Brings all times of the document up to date. */
export function tick() {
  for (const node of document.querySelectorAll("[data-since]")) setText(node, agoText(new Date(Number(node.dataset.since))));
  for (const node of document.querySelectorAll("[data-runs-since]")) {
    setText(node, durationText((Date.now() - Number(node.dataset.runsSince)) / 1000));
  }
}

/** How long an attempt took or has taken so far; empty when there was none. */
export function duration(task) {
  const [started, finished] = [moment(task.started), moment(task.finished)];
  if (!started || task.state === "queued") return element("span", { class: "muted" }, "–");
  if (task.state === "running") {
    return element("span", { "data-runs-since": started.getTime() }, durationText((Date.now() - started) / 1000));
  }
  return element("span", {}, finished ? durationText((finished - started) / 1000) : "–");
}

/** What a task is about: an image, or what a reconciliation looks for. */
export function subject(task) {
  if (task.kind !== "reconcile") return reference(task.source);
  return element("span", { class: "reference" }, element("span", { class: "quiet" }, "Reconciliation of "), element("span", { class: "name" }, task.source));
}

/** A reference in its parts: registry and path are quiet, the name and what follows it speak. */
export function reference(text) {
  const slash = text.lastIndexOf("/", text.includes("@") ? text.indexOf("@") : text.length);
  const rest = text.slice(slash + 1);
  const cut = rest.search(/[:@]/);
  const [name, version] = cut < 0 ? [rest, ""] : [rest.slice(0, cut), rest.slice(cut)];
  return element(
    "span", { class: "reference" },
    element("span", { class: "quiet" }, text.slice(0, slash + 1)), element("span", { class: "name" }, name),
    element("span", { class: "version" }, version.length > 40 ? `${version.slice(0, 20)}…` : version),
  );
}
