// The list of tasks: charts above, filters that stand in the address, a table that keeps up.

import { follow } from "./api.js";
import { chartRow } from "./charts.js";
import { element, icon, refill, setText } from "./dom.js";
import { ENDED, STATES, duration, progressBar, shareDone, since, stateBadge, subject } from "./parts.js";
import { ratioText, sizeText } from "./text.js";

const PAGE = 50;
const SPANS = { 1: "1 h", 6: "6 h", 24: "24 h", 168: "7 d" };
const SERVICE_LANE = "service"; // in place of a registry: what the service does of itself, which lists leave out
const TYPING = 300; // milliseconds after the last key

/** What of the address the list goes by. */
export function filtersOf(params) {
  const one = (name) => params.get(name) ?? "";
  return {
    states: params.getAll("state").filter((state) => Object.hasOwn(STATES, state)),
    registry: one("registry"), profile: one("profile"), source: one("source"), before: one("before"),
    hours: Object.hasOwn(SPANS, one("hours")) ? one("hours") : "24",
  };
}

/** Makes the view. `go(changes)` changes parameters of the address; `about` is what the service said of itself. */
export function listView(filters, { go, about, fault }) {
  const charts = chartRow();
  const spans = choices("Time span", SPANS, (hours) => go({ hours: hours === "24" ? "" : hours }));
  const bar = filterBar(() => filters, go);
  bar.offer({ registry: [...about.registries, SERVICE_LANE], profile: about.profiles });
  const rows = new Map();
  let active = false; // whether anything moves
  const body = element("tbody", {}, Array.from({ length: 8 }, () =>
    element("tr", { class: "waiting" }, element("td", { colspan: 6 }, element("span", { class: "bone" })))));
  const table = element(
    "table", { class: "tasks" },
    element("caption", { class: "unseen" }, "Tasks, newest first"),
    element("thead", {}, element("tr", {}, ["State", "Image", "Profile", "Result", "Took", "Created"].map(
      (title) => element("th", { scope: "col" }, title)))),
    body,
  );
  const empty = element("div", { class: "empty", hidden: true });
  const pages = element("nav", { class: "pages", "aria-label": "Pages" });

  function show(tasks, next) {
    table.setAttribute("aria-busy", "false");
    for (const bone of body.querySelectorAll(".waiting")) bone.remove();
    const wanted = new Set(tasks.map((task) => task.id));
    active = tasks.some((task) => task.state === "running");
    for (const [id, row] of rows) {
      if (!wanted.has(id)) {
        row.root.remove();
        rows.delete(id);
      }
    }
    tasks.forEach((task, index) => {
      const row = rows.get(task.id) ?? taskRow(task);
      rows.set(task.id, row);
      row.update(task);
      if (body.children[index] !== row.root) body.insertBefore(row.root, body.children[index] ?? null);
    });
    bar.offer({ registry: tasks.map((task) => task.registry), profile: tasks.map((task) => task.profile) });
    table.hidden = !tasks.length;
    empty.hidden = Boolean(tasks.length);
    refill(empty, String(isFiltered(filters)), () => nothing(isFiltered(filters), go));
    refill(pages, `${filters.before} ${next}`, () => pageLinks(filters, next, go));
  }

  let list = null;
  let figures = null;

  /** Goes by other filters: what is shown stays until the answer is there. */
  function change(fresh) {
    const before = list && { query: String(query(filters)), hours: filters.hours };
    filters = fresh;
    spans.set([filters.hours]);
    bar.set(filters);
    if (before?.query !== String(query(filters))) {
      list?.stop();
      table.setAttribute("aria-busy", "true");
      list = follow(() => `conversions?${query(filters)}`, () => (filters.before ? 5 : active ? 1 : 2), show, fault);
    }
    if (before?.hours !== filters.hours) {
      figures?.stop();
      figures = follow(() => `statistics?hours=${filters.hours}`, () => 10, charts.update, fault);
    }
    for (const { link } of rows.values()) link();
  }

  change(filters);
  const root = element(
    "div", { class: "list-view" },
    element("section", { class: "overview", "aria-label": "Overview" },
      element("div", { class: "section-head" }, element("h2", {}, "Overview"), spans.root), charts.root),
    element("section", { "aria-label": "Tasks" },
      element("div", { class: "section-head" }, element("h2", {}, "Tasks")), bar.root,
      element("div", { class: "card flush" }, table, empty), pages),
  );
  return { root, title: "Tasks", change, stop: () => [list, figures].forEach((one) => one.stop()) };
}

const isFiltered = ({ states, registry, profile, source, before }) =>
  Boolean(states.length || registry || profile || source || before);

function query({ states, registry, profile, source, before }) {
  const params = new URLSearchParams({ limit: PAGE });
  states.forEach((state) => params.append("state", state));
  Object.entries({ registry, profile, source, before }).forEach(([name, value]) => value && params.set(name, value));
  return params;
}

/** The controls above the table. `current()` gives the filters, `set` shows them, `offer` adds to the menus. */
function filterBar(current, go) {
  let typing = 0;
  const search = element("input", {
    type: "search", id: "search", placeholder: "Search images", "aria-label": "Text in the image's reference",
    title: "Press / to come here", autocomplete: "off", spellcheck: "false", maxlength: 200,
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => go({ source: search.value.trim(), before: "" }, { replace: true }), TYPING);
    },
  });
  const states = choices("State", { "": "All", ...STATES }, (state, event) => {
    const chosen = current().states;
    const others = chosen.filter((one) => one !== state);
    const toggled = chosen.includes(state) ? others : [...others, state];
    const many = event.shiftKey || event.ctrlKey || event.metaKey;
    const only = chosen.join() === state ? [] : [state];
    go({ state: !state ? [] : many ? toggled : only, before: "" });
  });
  states.root.title = "With Shift: several states";
  const menus = {
    registry: menu("Registry", "All registries", (value) => go({ registry: value, before: "" })),
    profile: menu("Profile", "All profiles", (value) => go({ profile: value, before: "" })),
  };
  return {
    root: element("div", { class: "filters", role: "search" }, states.root,
      element("span", { class: "search" }, icon("search"), search), menus.registry.root, menus.profile.root),
    offer: (values) => Object.entries(menus).forEach(([name, one]) => one.offer(values[name])),
    set(filters) {
      states.set(filters.states.length ? filters.states : [""]);
      Object.entries(menus).forEach(([name, one]) => one.set(filters[name]));
      if (document.activeElement !== search) search.value = filters.source;
    },
  };
}

/** A row of buttons of which some are pressed: `set(values)`. */
function choices(label, words, choose) {
  const buttons = Object.entries(words).map(([value, word]) =>
    element("button", { type: "button", "data-value": value, onclick: (event) => choose(value, event) }, word));
  const set = (chosen) => buttons.forEach((button) => button.setAttribute("aria-pressed", chosen.includes(button.dataset.value)));
  return { root: element("div", { class: "choices", role: "group", "aria-label": label }, buttons), set };
}

/** A menu that learns its entries from what is shown. */
function menu(label, all, choose) {
  const root = element("select", { "aria-label": label, onchange: () => choose(root.value) }, element("option", { value: "" }, all));
  const known = new Set([""]);
  function offer(values) {
    for (const value of values) {
      if (!value || known.has(value)) continue;
      known.add(value);
      const after = [...root.options].slice(1).find((option) => option.value > value) ?? null;
      root.insertBefore(element("option", { value }, value === SERVICE_LANE ? "Reconciliations" : value), after);
    }
  }
  return { root, offer, set: (value) => { offer([value]); root.value = value; } };
}

function nothing(filtered, go) {
  if (!filtered) {
    return [
      element("h3", {}, "No tasks yet"),
      element("p", {}, "They come when a registry's webhook tells of a push, or from ", element("code", {}, "accelctl task create"), "."),
    ];
  }
  const clear = () => go({ state: [], registry: "", profile: "", source: "", before: "" });
  return [
    element("h3", {}, "No task matches"), element("p", {}, "None of those that are kept fits all filters."),
    element("button", { class: "button", type: "button", onclick: clear }, "Clear filters"),
  ];
}

function pageLinks(filters, next, go) {
  const link = (word, before, ...icons) =>
    element("button", { class: "button quiet", type: "button", onclick: () => go({ before }) }, icons[0], word, icons[1]);
  return [
    filters.before ? link("Newest", "", icon("back")) : null, next ? link("Older", next, null, icon("forward")) : null,
  ].filter(Boolean);
}

/** One task's row. It stays the same element as long as the task is shown. */
function taskRow(task) {
  const cells = ["state-cell", "image-cell", "profile-cell", "result-cell", "took-cell", "created-cell"].map(
    (name) => element("td", { class: name }));
  const [state, image, profile, result, took, created] = cells;
  const anchor = element("a", { class: "row-link", title: task.source }, subject(task));
  image.append(anchor);
  profile.append(element("span", { title: task.profile }, task.profile || "–"));
  created.append(since(task.created));
  const { bar, set } = progressBar("Read of the source");
  const amount = element("span", { class: "amount" });

  function update(fresh) {
    refill(state, fresh.state, () => stateBadge(fresh.state));
    refill(took, `${fresh.state} ${fresh.started} ${fresh.finished}`, () => duration(fresh));
    if (fresh.state === "running") {
      refill(result, "running", () => element("span", { class: "running" }, bar, amount));
      const share = shareDone(fresh.progress);
      set(share);
      setText(amount, share === null ? "starting" : `${Math.floor(share * 100)}%`);
    } else {
      refill(result, JSON.stringify([fresh.state, fresh.reason, fresh.target_size]), () => outcome(fresh));
    }
  }

  /** The filters stay in the address: they are what the way back leads to. */
  function link() {
    const params = new URLSearchParams(location.search);
    params.set("task", task.id);
    anchor.href = `?${params}`;
  }

  link();
  return { root: element("tr", { "data-task": task.id }, cells), update, link };
}

function outcome(task) {
  if (task.reason) {
    const text = task.state === "queued" ? `attempt ${task.attempt} failed: ${task.reason}` : task.reason;
    return element("span", { class: task.state === "failed" ? "reason bad" : "reason", title: text }, text);
  }
  if (!ENDED.has(task.state) || !task.target_size) return element("span", { class: "muted" }, "–");
  return [
    task.drivers.flatMap((driver) => [element("span", { class: "tag" }, driver), " "]),
    element("span", {}, `${sizeText(task.source_size)} → ${sizeText(task.target_size)}`), " ",
    task.drivers.length < 2 && element("span", { class: "muted" }, ratioText(task.target_size, task.source_size)),
  ].flat().filter(Boolean);
}
