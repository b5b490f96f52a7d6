// A task's log, which follows its end until the reader scrolls up.

import { follow } from "./api.js";
import { element, setText } from "./dom.js";
import { clockText, counted, wholeTime } from "./text.js";

const NEAR = 24; // pixels from the end that count as the end

/** The log of the task at `path`; asks every `seconds()`. */
export function logPanel(path, seconds) {
  let last = 0;
  let lines = 0;
  let following = true;
  const list = element("ol", { class: "lines", role: "log", tabindex: 0, "aria-label": "Log" });
  const count = element("span", { class: "muted" });
  const none = element("p", { class: "muted none" }, "Nothing has been logged.");
  const button = element("button", { class: "button quiet", type: "button", "aria-pressed": "true", onclick: () => setFollowing(!following) }, "Follow");

  function setFollowing(value) {
    following = value;
    button.setAttribute("aria-pressed", String(value));
    if (value) list.scrollTop = list.scrollHeight;
  }

  list.addEventListener("scroll", () => {
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - NEAR;
    if (atEnd !== following) setFollowing(atEnd);
  });

  function show(fresh) {
    for (const line of fresh) {
      const at = new Date(line.at);
      list.append(element(
        "li", { class: `level-${["debug", "info", "warning", "error", "critical"].includes(line.level) ? line.level : "info"}` },
        element("time", { datetime: line.at, title: wholeTime(at) }, clockText(at)),
        element("span", { class: "level" }, line.level), element("span", { class: "message" }, line.message),
      ));
      last = Math.max(last, line.number);
    }
    lines += fresh.length;
    setText(count, lines ? counted(lines, "line") : "");
    none.hidden = lines > 0;
    if (following) list.scrollTop = list.scrollHeight;
  }

  const log = follow(() => `${path}/log?after=${last}`, seconds, show);
  const root = element("section", { class: "card flush log", "aria-label": "Log" },
    element("header", {}, element("h2", {}, "Log"), count, button), none, list);
  return { root, stop: log.stop };
}
