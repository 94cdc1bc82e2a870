/** Numbers and times for readers, in their own locale. Null is never formatted here: `ui/basic.js` shows it as "—". */
import { zone } from "./preferences.js";
import { clockAhead } from "./news.js";

const LOCALE = navigator.languages?.[0] || "en";
/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} digits @param {Intl.NumberFormatOptions} [more] */
function numbers(digits, more = {}) {
  const key = `${digits}${JSON.stringify(more)}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: digits, ...more })));
  return found;
}

/** @param {number | string} value @param {number} [digits] */
export const number = (value, digits = 0) => numbers(digits).format(Number(value));

/** @param {number | string} value @param {number} [digits] */
export const signed = (value, digits = 0) => numbers(digits, { signDisplay: "exceptZero" }).format(Number(value));

/** A share; one that is not 0 never reads as 0. @param {number} value 0 to 100 @param {number} [digits] */
export function percent(value, digits = 0) {
  const least = 10 ** -digits;
  const format = numbers(digits, { style: "percent" });
  return value > 0 && value < least / 2 ? `< ${format.format(least / 100)}` : format.format(value / 100);
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** @param {number | string} value */
export function bytes(value) {
  let size = Number(value);
  let unit = 0;
  while (Math.abs(size) >= 1_024 && unit < BYTE_UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${number(size, Math.abs(size) < 10 && unit ? 2 : Math.abs(size) < 100 && unit ? 1 : 0)} ${BYTE_UNITS[unit]}`;
}

/** A change in bytes, with its sign. @param {number | string} value */
export const signedBytes = (value) => `${Number(value) > 0 ? "+" : ""}${bytes(value)}`;

/** @param {number | string} value */
export const exactBytes = (value) => `${typeof value === "string" ? BigInt(value).toLocaleString(LOCALE) : number(value)} bytes`;

const SPANS = /** @type {const} */ ([["y", 31_557_600], ["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]]);

/** The two largest units of a span of seconds. @param {number | string} value */
export function duration(value) {
  let rest = Math.round(Number(value));
  const parts = [];
  for (const [unit, seconds] of SPANS) {
    const count = Math.floor(rest / seconds);
    if (count || (unit === "s" && !parts.length)) parts.push(`${number(count)} ${unit}`);
    else if (parts.length) break;
    rest -= count * seconds;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** @param {number | string} value */
export const exactSeconds = (value) => `${number(value)} seconds`;

/** The server's present, in milliseconds. */
export const serverNow = () => Date.now() + clockAhead.get();

/** @param {string} iso */
export function ago(iso) {
  const seconds = Math.round((serverNow() - Date.parse(iso)) / 1_000);
  if (seconds < 0) return `in ${duration(-seconds)}`;
  return seconds < 2 ? "just now" : `${coarse(seconds)} ago`;
}

/** @param {number} seconds */
const coarse = (seconds) => (seconds < 120 ? duration(seconds) : duration(seconds).split(" ").slice(0, 2).join(" "));

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function clock(options) {
  const chosen = zone.get();
  const key = chosen + JSON.stringify(options);
  let found = clocks.get(key);
  if (!found) clocks.set(key, (found = new Intl.DateTimeFormat(LOCALE, { ...options, hourCycle: "h23", timeZone: chosen === "UTC" ? "UTC" : undefined })));
  return found;
}

/** A whole time with its zone. @param {string | number} at */
export const time = (at) =>
  clock({ year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" }).format(new Date(at));

/** A time for axes and strips. @param {string | number} at @param {boolean} day */
export const shortTime = (at, day) =>
  clock(day ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" }).format(new Date(at));

/** In both zones, for who wants to be sure. @param {string | number} at */
export function bothTimes(at) {
  const options = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
  const utc = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" }).format(new Date(at));
  return `${utc} UTC · ${new Intl.DateTimeFormat(LOCALE, options).format(new Date(at))} local`;
}

/** RFC 3339 with whole seconds, as the API has it. @param {number} ms */
export const iso = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A key or an address short enough for a table; the whole is in its tip. @param {string} text @param {number} [head] */
export const short = (text, head = 6) => (text.length > 2 * head + 3 ? `${text.slice(0, head)}…${text.slice(-4)}` : text);
