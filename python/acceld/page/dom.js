// Elements are made here and nowhere else, and what they say is always text: names and errors come from strangers.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `attributes`: `on…` are listeners, `true` is an attribute without a value, false and null are none. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Gives a node a text if it has another one: what does not change keeps its selection. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Replaces what is in a node, unless it was made from the same `key` before. */
export function refill(node, key, make) {
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(...[make()].flat());
}

const ICONS = {
  queued: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 4.5V8l2.3 1.5",
  running: "M8 1.5a6.5 6.5 0 1 1-6.5 6.5",
  done: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M5.3 8.2l1.9 1.9 3.6-3.9",
  failed: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2",
  cancelled: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M3.6 3.6l8.8 8.8",
  skipped: "M3.5 4l4 4-4 4M8.5 4l4 4-4 4",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  lock: "M4 7h8v6.5H4zM5.7 7V4.8a2.3 2.3 0 0 1 4.6 0V7",
  unlock: "M4 7h8v6.5H4zM5.7 7V4.8a2.3 2.3 0 0 1 4.5-.6",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  back: "M9.5 3.5L5 8l4.5 4.5",
  forward: "M6.5 3.5L11 8l-4.5 4.5",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  stop: "M4.5 4.5h7v7h-7z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3L14 14",
};

/** A small drawing beside a word, of no meaning of its own. */
export function icon(name) {
  const path = drawing("path", { d: ICONS[name] });
  return drawing("svg", { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

/** A digest: its first digits, all of them for the pointer, and a button that copies them. */
export function copyable(shown, whole, what) {
  const button = element(
    "button",
    {
      class: "copy", type: "button", title: "Copy", "aria-label": `Copy ${what}`,
      onclick: async () => {
        await navigator.clipboard?.writeText(whole);
        button.classList.add("copied");
        setTimeout(() => button.classList.remove("copied"), 1200);
      },
    },
    icon("copy"),
  );
  return element("span", { class: "copyable" }, element("code", { title: whole }, shown), button);
}
