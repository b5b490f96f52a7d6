// Small charts, drawn as SVG. Each can be read with the pointer, with the arrow keys, and as one sentence.

import { drawing, element, refill, setText } from "./dom.js";
import { durationText, ratioText, sizeText } from "./text.js";

const HEIGHT = 56; // of the drawing, in its own units; a bucket is 10 wide
const WIDE = 10;

const sum = (buckets, name) => buckets.reduce((total, bucket) => total + bucket[name], 0);

const CARDS = [
  {
    title: "Conversions",
    series: [["done", "done", "ok"], ["failed", "failed", "bad"], ["cancelled", "cancelled", "dim"]],
    text: String,
    figures({ buckets }) {
      const [done, failed] = [sum(buckets, "done"), sum(buckets, "failed")];
      return [done.toLocaleString("en"), failed ? `done, ${failed.toLocaleString("en")} failed` : "done, none failed"];
    },
  },
  {
    title: "Data sent",
    series: [["bytes_uploaded", "uploaded", "main"], ["bytes_mounted", "mounted, not sent", "soft"]],
    text: sizeText,
    figures({ buckets }) {
      return [sizeText(sum(buckets, "bytes_uploaded")), `of ${sizeText(sum(buckets, "bytes_read"))} read`];
    },
  },
  {
    title: "Layers from the cache",
    series: [["cache_hits", "from the cache", "main"], ["cache_misses", "converted", "soft"]],
    text: String,
    figures({ buckets }) {
      const [hits, misses] = [sum(buckets, "cache_hits"), sum(buckets, "cache_misses")];
      const [source, target] = [sum(buckets, "source_size"), sum(buckets, "target_size")];
      const sizes = source ? `${sizeText(source)} became ${sizeText(target)}` : "no sizes yet";
      return [ratioText(hits, hits + misses) || "–", sizes];
    },
  },
  {
    title: "Queue",
    series: [["queued", "waiting", "main"]],
    area: true,
    text: String,
    figures({ now }) {
      const total = (lanes) => Object.values(lanes).reduce((all, count) => all + count, 0);
      const wait = now.oldest_wait >= 1 ? `, oldest ${durationText(now.oldest_wait)}` : "";
      return [total(now.queued).toLocaleString("en"), `waiting${wait}; ${total(now.running)} running`];
    },
  },
];

/** The row of charts. `update(statistics)` draws them anew. */
export function chartRow() {
  const cards = CARDS.map(card);
  const root = element("div", { class: "cards" }, cards.map((one) => one.root));
  return { root, update: (statistics) => cards.forEach((one) => one.update(statistics)) };
}

function card(kind) {
  const value = element("span", { class: "figure" }, " ");
  const more = element("span", { class: "more" }, " ");
  const plot = element("div", { class: "plot", tabindex: 0, role: "img" });
  const label = element("span", { class: "reading", "aria-live": "polite" });
  const [from, to] = [element("span"), element("span")];
  let shown = null;
  let at = -1;

  function point(index) {
    if (!shown) return;
    at = Math.max(0, Math.min(shown.buckets.length - 1, index));
    const bucket = shown.buckets[at];
    const parts = kind.series.map(([name, word]) => `${kind.text(bucket[name])} ${word}`);
    setText(label, `${timeText(bucket.at, shown)}: ${parts.join(", ")}`);
    plot.querySelector(".cursor")?.setAttribute("x", at * WIDE);
    plot.classList.add("read");
  }

  function leave() {
    at = -1;
    plot.classList.remove("read");
    setText(label, "");
  }

  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    if (shown) point(Math.floor(((event.clientX - box.left) / box.width) * shown.buckets.length));
  });
  plot.addEventListener("pointerleave", leave);
  plot.addEventListener("blur", leave);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    point(at < 0 ? shown.buckets.length - 1 : at + step);
  });

  return {
    root: element(
      "section", { class: "card chart" },
      element("h3", {}, kind.title), element("p", { class: "figures" }, value, " ", more), plot,
      element("div", { class: "axis", "aria-hidden": "true" }, from, to), label,
    ),
    update(statistics) {
      shown = statistics;
      const [big, small] = kind.figures(statistics);
      setText(value, big);
      setText(more, small);
      more.title = small;
      plot.setAttribute("aria-label", `${kind.title}: ${big} ${small}. Arrow keys read single values.`);
      const first = statistics.buckets[0];
      setText(from, timeText(first.at, statistics));
      setText(to, "now");
      const series = kind.series.map(([name]) => statistics.buckets.map((bucket) => bucket[name]));
      refill(plot, JSON.stringify(series), () => picture(kind, statistics.buckets));
      if (at >= 0) point(at);
    },
  };
}

function picture(kind, buckets) {
  const width = buckets.length * WIDE;
  const most = Math.max(1, ...buckets.map((bucket) => kind.series.reduce((all, [name]) => all + bucket[name], 0)));
  const height = (value) => (value > 0 ? Math.max(1.5, (value / most) * (HEIGHT - 2)) : 0);
  const shapes = kind.area ? area(kind, buckets, height) : bars(kind, buckets, height);
  return drawing(
    "svg", { viewBox: `0 0 ${width} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { class: "cursor", x: 0, y: 0, width: WIDE, height: HEIGHT }),
    drawing("path", { class: "ground", d: `M0 ${HEIGHT - 0.5}H${width}` }), shapes,
  );
}

function bars(kind, buckets, height) {
  return buckets.flatMap((bucket, index) => {
    let top = HEIGHT;
    return kind.series.map(([name, , tone]) => {
      const size = height(bucket[name]);
      top -= size;
      return size ? drawing("rect", { class: `tone-${tone}`, x: index * WIDE + 1.5, y: top, width: WIDE - 3, height: size }) : null;
    });
  });
}

function area(kind, buckets, height) {
  const [[name, , tone]] = kind.series;
  const points = buckets.map((bucket, index) => `${index * WIDE + WIDE / 2} ${HEIGHT - 1 - height(bucket[name])}`);
  const line = `M0 ${points[0].split(" ")[1]}L${points.join("L")}L${buckets.length * WIDE} ${points.at(-1).split(" ")[1]}`;
  return [
    drawing("path", { class: `area-${tone}`, d: `${line}V${HEIGHT}H0Z` }),
    drawing("path", { class: `line-${tone}`, d: line }),
  ];
}

function timeText(text, statistics) {
  const [date, days] = [new Date(text), statistics.buckets.length * statistics.seconds > 86400];
  const clock = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return days ? `${date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" })} ${clock}` : clock;
}
