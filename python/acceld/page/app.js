// The page: which view the address names, what may be done, and what is said when the service does not answer.

import { accessControl } from "./access.js";
import { ApiError, ask, connection, keepToken, readToken } from "./api.js";
import { element, icon, refill, setText } from "./dom.js";
import { filtersOf, listView } from "./list.js";
import { tick } from "./parts.js";
import { taskView } from "./task.js";

const byId = (id) => document.getElementById(id);
const main = byId("main");
const NOTICE = 5000; // milliseconds

let view = null;
let about = null;
let noticeTimer = 0;

/** A sentence at the foot of the page, for a moment. */
function notify(text) {
  const notice = byId("notice");
  setText(notice, text);
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.hidden = true; }, NOTICE);
}

/** Goes to the address with these parameters changed; an empty value removes one. */
function go(changes, { replace = false } = {}) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name);
    [value].flat().filter(Boolean).forEach((one) => params.append(name, one));
  }
  const address = params.size ? `?${params}` : location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  render();
}

function render() {
  const params = new URLSearchParams(location.search);
  const task = params.get("task");
  if (!task && view?.change) {
    view.change(filtersOf(params));
    return;
  }
  view?.stop();
  view = task ? taskView(task, { about, notify, fault, go }) : listView(filtersOf(params), { about, go, fault });
  document.title = `${view.title} · Acceleration Service`;
  main.replaceChildren(view.root);
}

/** What views do with errors: those of the connection are shown at the top already. */
function fault(error) {
  if (error.status === 401) locked();
  else if (error.status) notify(error.message);
}

/** In place of tasks, when not even looking at them is allowed. */
function locked() {
  view?.stop();
  view = null;
  access.show({ may_read: false, may_change: false });
  main.replaceChildren(element("div", { class: "card empty locked" }, icon("lock"), element("h1", {}, "A token is needed"),
    element("p", {}, "This service shows its tasks only to those who have its token."),
    element("button", { class: "button primary", type: "button", onclick: access.open }, "Enter the token")));
}

const access = accessControl(byId("access"), byId("token-dialog"), (fresh) => {
  about = fresh;
  if (!about.may_read) locked();
  else if (view?.allow) view.allow(about.may_change);
  else render();
});

connection.addEventListener("offline", () => {
  refill(byId("connection"), "offline", () => "Offline, trying again");
  document.body.classList.add("offline");
});
connection.addEventListener("online", () => {
  refill(byId("connection"), "online", () => "Live");
  document.body.classList.remove("offline");
});

function showTheme() {
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = byId("theme");
  refill(button, String(dark), () => icon(dark ? "sun" : "moon"));
  button.setAttribute("aria-label", dark ? "Light theme" : "Dark theme");
  button.title = dark ? "Light theme" : "Dark theme";
  return dark;
}

byId("theme").addEventListener("click", () => {
  const theme = showTheme() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

// Links within the page change the view, not the document.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const address = link.getAttribute("href");
  history.pushState(null, "", address === "?" ? location.pathname : address);
  render();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
addEventListener("popstate", render);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea, dialog")) return;
  event.preventDefault();
  byId("search")?.focus();
});

/** Asks what is served here until there is an answer. */
async function start() {
  showTheme();
  for (;;) {
    try {
      about = (await ask("about")).data;
      break;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refill(main, "away", () => element("div", { class: "card empty" }, element("h1", {}, "The service does not answer"),
        element("p", {}, `${error.message}. This page tries again by itself.`)));
      await new Promise((resolve) => { setTimeout(resolve, 2000); });
    }
  }
  if (readToken() && !about.may_change) keepToken(""); // it was changed meanwhile
  access.show(about);
  setText(byId("footer"), `acceld ${about.version} · `);
  byId("footer").append(element("a", { href: "openapi.json" }, "API"));
  if (about.may_read) render();
  else locked();
}

setInterval(tick, 1000);
start();
