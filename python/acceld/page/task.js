// One task: what it is, how far it is, what came of it, and its log.

import { ask, follow } from "./api.js";
import { copyable, element, icon, refill, setText } from "./dom.js";
import { logPanel } from "./log.js";
import { ENDED, duration, progressBar, reference, shareDone, since, stateBadge, subject } from "./parts.js";
import { counted, errorParts, ratioText, shortDigest, sizeText } from "./text.js";

/** Makes the view of the task with this id. `about` may be replaced by `allow`, when a token comes or goes. */
export function taskView(id, { about, notify, fault, go }) {
  const path = `conversions/${encodeURIComponent(id)}`;
  let task = null;
  let may = about.may_change;

  const title = element("h1", {}, element("span", { class: "bone" }));
  const badge = element("span", { class: "badge" });
  const actions = element("div", { class: "actions" });
  const trouble = element("div");
  const facts = element("dl", { class: "facts card" });
  const progress = progressPanel();
  const outcome = element("div");
  const log = logPanel(path, () => (task && ENDED.has(task.state) ? 10 : 1));

  function show(fresh) {
    task = fresh;
    refill(title, task.source, () => subject(task));
    refill(badge, `${task.state} ${task.cancel_requested}`, () => stateBadge(task.state));
    refill(actions, `${task.state} ${task.cancel_requested} ${may}`, () => buttons());
    refill(trouble, JSON.stringify([task.state, task.reason, task.result.skipped]), () => troublePanel(task));
    refill(facts, JSON.stringify({ ...task, progress: 0 }), () => factList(task));
    progress.update(task);
    refill(outcome, JSON.stringify(task.result), () => (task.kind === "reconcile" ? reportPanel(task.result) : (task.result.targets ?? []).map(targetPanel)));
    document.title = `${task.source} · Acceleration Service`;
  }

  function buttons() {
    const ended = ENDED.has(task.state);
    const hint = may ? false : "A token is needed: see the lock at the top";
    const cancel = element("button", { class: "button danger", type: "button", title: hint, disabled: !may || task.cancel_requested,
      onclick: (event) => act(event.target, "DELETE", path, "Cancel asked for") },
    icon("stop"), task.cancel_requested ? "Cancelling…" : "Cancel");
    const retry = element("button", { class: "button", type: "button", title: hint, disabled: !may,
      onclick: (event) => act(event.target, "POST", `${path}/retry`, "Queued again") },
    icon("retry"), ended ? "Retry" : "Try now");
    if (task.state === "running") return [cancel];
    if (task.state === "queued") return task.attempt ? [retry, cancel] : [cancel];
    return task.state === "skipped" ? [] : [retry];
  }

  async function act(button, method, where, said) {
    button.disabled = true;
    try {
      const { data } = await ask(where, { method });
      notify(data.id === id ? said : "The same work is open already: this is its task");
      if (data.id !== id) go({ task: data.id });
    } catch (error) {
      notify(error.status === 401 ? "A token is needed for this: see the lock at the top" : error.message);
      button.disabled = false;
    }
    one.now();
  }

  const one = follow(() => path, () => (task && ENDED.has(task.state) ? 3 : 1), show, (error) => {
    if (error.status === 404) {
      one.stop();
      log.stop();
      view.replaceChildren(element("div", { class: "card empty" }, element("h3", {}, "There is no such task"), element("p", {}, error.message)));
    } else fault(error);
  });
  const back = new URLSearchParams(location.search);
  back.delete("task");
  const view = element("div", { class: "task-body" },
    element("div", { class: "task-head" }, title, badge, actions), trouble, progress.root,
    element("div", { class: "columns" }, element("div", { class: "wide" }, outcome, log.root), facts));
  const root = element("article", { class: "task-view", "data-task": id },
    element("nav", { "aria-label": "Way back" }, element("a", { class: "back", href: `?${back}` }, icon("back"), "All tasks")), view);
  return {
    root, title: "Task",
    allow: (value) => {
      may = value;
      if (task) refill(actions, `${task.state} ${task.cancel_requested} ${may}`, () => buttons());
    },
    stop: () => [one, log].forEach((part) => part.stop()),
  };
}

/** What went wrong and what to do about it, or why nothing was done. */
function troublePanel(task) {
  const skipped = (task.kind !== "reconcile" && task.result.skipped) || (task.state === "skipped" ? task.reason : "");
  if (skipped) return element("div", { class: "panel" }, element("h2", {}, "Nothing was to be done"), element("p", {}, skipped));
  if (!task.reason || task.state === "cancelled") return [];
  const [what, remedy] = errorParts(task.reason);
  const heading = task.state === "failed" ? "It failed" : "The last attempt failed, another one follows";
  return element(
    "div", { class: `panel ${task.state === "failed" ? "bad" : "warn"}`, role: "status" },
    element("h2", {}, heading), element("p", { class: "what" }, what),
    remedy && element("p", { class: "remedy" }, element("strong", {}, "What to do: "), remedy),
  );
}

function factList(task) {
  const progressAttempt = `${task.attempt} of ${task.max_attempts}`;
  const { source, bytes, cache } = task.result;
  const digest = task.digest || source?.digest;
  const moved = bytes && [["read", bytes.read], ["sent", bytes.uploaded], ["mounted", bytes.mounted]].filter(([, count]) => count);
  const rows = [
    ["Created", since(task.created)],
    ["Started", since(task.started)],
    ["Ended", since(task.finished)],
    ["Took", duration(task)],
    ["Attempt", task.attempt ? progressAttempt : `none of ${task.max_attempts}`],
    task.state === "queued" && ["Starts", since(task.due)],
    ["Registry", task.registry],
    ["Profile", task.profile || "–"],
    ["Priority", String(task.priority)],
    ["Digest", digest ? copyable(shortDigest(digest), digest, "the source's digest") : "–"],
    source && ["Source", sizeText(source.size)],
    moved?.length && ["Data", moved.map(([word, count]) => element("div", {}, `${sizeText(count)} ${word}`))],
    cache && ["Cache", `${cache.hits} of ${counted(cache.hits + cache.misses, "layer")}`],
    ["Worker", task.worker || "–"],
    ["Asked by", task.askers.length ? element("ul", {}, task.askers.slice(0, 20).map((asker) => element("li", {}, asker)),
      task.askers.length > 20 && element("li", { class: "muted" }, `and ${counted(task.askers.length - 20, "other")}`)) : "–"],
    ["Task", copyable(task.id.slice(0, 8), task.id, "the task's id")],
  ];
  return rows.filter(Boolean).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

const STEPS = { pull: "Read", convert: "Converted", push: "Sent" };

/** Bars of a running task: of all of it, and of its layers. */
function progressPanel() {
  const { bar, set } = progressBar("Read of the source");
  const amounts = element("p", { class: "amounts" });
  const layers = element("tbody");
  const table = element("table", { class: "layers", hidden: true },
    element("thead", {}, element("tr", {}, ["Layer", "Size", "Read", "Converted", "Sent"].map((word) => element("th", { scope: "col" }, word)))), layers);
  const root = element("section", { class: "card progress", "aria-label": "Progress", hidden: true },
    element("div", { class: "section-head" }, element("h2", {}, "Progress"), amounts), bar, table);
  const rows = new Map();

  function update(task) {
    root.hidden = task.state !== "running";
    if (root.hidden) {
      rows.clear();
      layers.replaceChildren();
      return;
    }
    const progress = task.progress;
    set(shareDone(progress));
    if (task.kind === "reconcile") {
      setText(amounts, progress.images === undefined ? "Starting" : reportText(progress));
      return;
    }
    const said = Object.entries(STEPS).filter(([step]) => progress[step]).map(([step, word]) =>
      `${word.toLowerCase()} ${sizeText(progress[step])}${step === "pull" && progress.total ? ` of ${sizeText(progress.total)}` : ""}`);
    setText(amounts, said.join(" · ") || "Starting");
    for (const layer of progress.layers ?? []) {
      if (!rows.has(layer.digest)) rows.set(layer.digest, layerRow(layer, layers));
      rows.get(layer.digest)(layer);
    }
    table.hidden = !rows.size;
  }
  return { root, update };
}

/** Adds a row; gives what brings it up to date. */
function layerRow(layer, body) {
  const size = element("td", { class: "number" });
  const cells = Object.keys(STEPS).map((step) => {
    const { bar, set } = progressBar(`${STEPS[step]} of ${shortDigest(layer.digest)}`);
    const text = element("span", { class: "amount" });
    return { step, set, bar, text, cell: element("td", { "data-title": STEPS[step] }, element("span", { class: "running" }, bar, text)) };
  });
  body.append(element("tr", {}, element("td", {}, element("code", { title: layer.digest }, shortDigest(layer.digest))), size, cells.map((one) => one.cell)));
  return (fresh) => {
    setText(size, fresh.pull?.[1] ? sizeText(fresh.pull[1]) : "–");
    for (const { step, set, bar, text } of cells) {
      const [done, total] = fresh[step] ?? [0, 0];
      set(total ? Math.min(1, done / total) : done ? null : 0);
      bar.classList.toggle("full", total > 0 && done >= total);
      setText(text, done ? sizeText(done) : "");
    }
  };
}

const reportText = (report) =>
  `${counted(report.images, "image")} looked at: ${report.fresh} fresh, ${report.missing} missing, ${report.stale} stale; ${report.queued} queued`;

/** What a reconciliation found. */
function reportPanel(report) {
  if (report.images === undefined) return [];
  const rows = [
    ...(report.error_list ?? []).map(({ where, message }) => ["error", where, message]),
    ...(report.found ?? []).map(({ state, source, reason }) => [state, source, reason]),
    ...Object.entries(report.skipped ?? {}).map(([reason, count]) => ["skipped", counted(count, "image"), reason]),
  ].slice(0, 200);
  return element(
    "section", { class: "card flush target", "aria-label": "Report" },
    element("header", {}, element("h2", {}, report.dry_run ? "Found (dry run)" : "Found"), element("span", { class: "muted" }, reportText(report))),
    rows.length > 0 && element("div", { class: "scroll" }, element("table", { class: "layers" },
      element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((text) => element("td", {}, text))))))),
  );
}

function targetPanel(target) {
  const layers = target.layers ?? [];
  const total = layers.reduce((all, layer) => all + layer.source_size, 0);
  const made = layers.reduce((all, layer) => all + layer.target_size, 0);
  const cached = layers.filter((layer) => layer.cached).length;
  const platforms = new Set(layers.map((layer) => layer.platform));
  const row = (layer) => element(
    "tr", {},
    platforms.size > 1 && element("td", { "data-title": "Platform" }, layer.platform),
    element("td", { "data-title": "Source" }, copyable(shortDigest(layer.source), layer.source, "the source layer's digest")),
    element("td", { "data-title": "Target" }, copyable(shortDigest(layer.target), layer.target, "the target layer's digest")),
    element("td", { class: "number", "data-title": "Source size" }, sizeText(layer.source_size)),
    element("td", { class: "number", "data-title": "Target size" }, sizeText(layer.target_size)),
    element("td", { class: "number muted", "data-title": "Ratio" }, ratioText(layer.target_size, layer.source_size)),
    element("td", {}, layer.cached ? element("span", { class: "tag" }, "cached") : element("span", { class: "muted" }, "converted")),
  );
  const heads = [platforms.size > 1 && "Platform", "Source layer", "Target layer", "Source", "Target", "Ratio", "How"].filter(Boolean);
  const numbers = new Set(["Source", "Target", "Ratio"]);
  return element(
    "section", { class: "card flush target", "aria-label": `Target ${target.reference}` },
    element("header", {},
      element("span", { class: "tag format" }, target.driver), reference(target.reference),
      target.digest && copyable(shortDigest(target.digest), target.digest, "the target's digest"),
      element("span", { class: "muted" }, [
        target.skipped ? "nothing was to be done" : sizeText(target.size),
        layers.length && `${counted(layers.length, "layer")}${cached ? `, ${cached} cached` : ""}`,
        total && !target.skipped && `${ratioText(made, total)} of the source`,
      ].filter(Boolean).join(" · "))),
    (target.notes ?? []).map((note) => element("p", { class: "note" }, note)),
    layers.length > 0 && element("div", { class: "scroll" }, element("table", { class: "layers" },
      element("thead", {}, element("tr", {}, heads.map((word) => element("th", { scope: "col", class: numbers.has(word) ? "number" : null }, word)))),
      element("tbody", {}, layers.map(row)))),
  );
}
