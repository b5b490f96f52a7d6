// Numbers as accelctl prints them (accel.units), times as people say them.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `1.2 MB`: decimal units, as registries show them. */
export function sizeText(bytes) {
  const count = Number(bytes) || 0;
  let power = 0;
  while (power < UNITS.length - 1 && count / 1000 ** power >= 999.95) power += 1;
  return `${power ? (count / 1000 ** power).toFixed(1) : count.toFixed(0)} ${UNITS[power]}`;
}

/** `92.3%`; empty when there is no whole. */
export function ratioText(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(1)}%` : "";
}

/** `7.3 s`, `1:42` or `1:02:03`. */
export function durationText(seconds) {
  if (seconds < 60) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** `sha256:` and the first twelve digits. */
export function shortDigest(digest) {
  const [algorithm, ...rest] = digest.split(":");
  return rest.length ? `${algorithm}:${rest.join(":").slice(0, 12)}` : algorithm;
}

/** `1 layer`, `1,204 layers`. */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A time of the service as a Date; null for the one that stands for none. */
export function moment(text) {
  return !text || text.startsWith("0001-") ? null : new Date(text);
}

const STEPS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

/** `just now`, `5 minutes ago`, `in 2 hours`. */
export function agoText(date, now = Date.now()) {
  const seconds = Math.round((now - date.getTime()) / 1000);
  const [amount, name] = STEPS.find(([length]) => Math.abs(seconds) >= length) ?? [1, "second"];
  if (name === "second" && Math.abs(seconds) < 5) return "just now";
  const text = counted(Math.floor(Math.abs(seconds) / amount), name);
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** The whole time, in the reader's zone. */
export function wholeTime(date) {
  return date.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

/** `14:05:09`. */
export function clockText(date) {
  return date.toLocaleTimeString("en-GB");
}

/** What an error says, apart from what to do about it: errors of the service put that after the last semicolon. */
export function errorParts(text) {
  const cut = text.lastIndexOf("; ");
  return cut < 0 ? [text, ""] : [text.slice(0, cut), text.slice(cut + 2)];
}
