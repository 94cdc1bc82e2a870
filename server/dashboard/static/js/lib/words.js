/** Words of the API in words for readers. */
import { bytes, duration } from "./format.js";

/** @type {Record<string, {label: string, tone: string, hint: string}>} */
export const STATUS = {
  ONLINE: { label: "Online", tone: "good", hint: "Its uptime advanced within the grace period." },
  GHOST: { label: "Ghost", tone: "warn", hint: "Seeds still list it, but its uptime does not advance." },
  OFFLINE: { label: "Offline", tone: "bad", hint: "No answering seed lists it." },
  UNKNOWN: { label: "Unknown", tone: "mute", hint: "It is listed, without evidence yet that it is live or dead." },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const TIER = {
  LOW_RISK: { label: "Low risk", tone: "good" },
  MEDIUM_RISK: { label: "Medium risk", tone: "warn" },
  HIGH_RISK: { label: "High risk", tone: "bad" },
  OFFLINE: { label: "No score: not online", tone: "mute" },
  UNKNOWN: { label: "No score: not proven to live", tone: "mute" },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const SEVERITY = {
  CRITICAL: { label: "Critical", tone: "bad" },
  WARNING: { label: "Warning", tone: "warn" },
  INFO: { label: "Info", tone: "info" },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const LEVEL = {
  HIGH: { label: "Act now", tone: "bad" },
  MEDIUM: { label: "Act soon", tone: "warn" },
  WARNING: { label: "Watch", tone: "warn" },
  LOW: { label: "When convenient", tone: "info" },
  INFO: { label: "Info", tone: "mute" },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const HEALTH = {
  HEALTHY: { label: "Healthy", tone: "good" },
  FAIR: { label: "Fair", tone: "warn" },
  DEGRADED: { label: "Degraded", tone: "warn" },
  CRITICAL: { label: "Critical", tone: "bad" },
  UNKNOWN: { label: "Unknown", tone: "mute" },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const STEADINESS = {
  STABLE: { label: "Stable", tone: "good" },
  UNSTABLE: { label: "Unstable", tone: "warn" },
  FLAPPING: { label: "Flapping", tone: "bad" },
};

/** @type {Record<string, {label: string, tone: string}>} */
export const GRADE = {
  GOOD: { label: "Good", tone: "good" },
  FAIR: { label: "Fair", tone: "warn" },
  POOR: { label: "Poor", tone: "bad" },
};

/** @type {Record<string, string>} */
export const MISSING = {
  INVALID: "it was reported, but with an impossible value",
  NOT_IN_PROTOCOL: "the seeds that answered run a protocol without it",
  NOT_LISTED: "no seed that answered lists the node",
  NOT_REPORTED: "no seed that answered reported it",
};

/** @type {Record<string, string>} */
export const BASIS = {
  ABSENCE: "No seed that answered lists it.",
  DIRECT: "It answered the collector itself.",
  FIRST_SIGHT: "It was seen for the first time, with a fresh gossip age.",
  GOSSIP_AGE: "No seed knows its uptime, so its gossip age alone counts.",
  NONE: "There is no evidence yet.",
  UPTIME: "Its uptime was compared between two answers of the same seed.",
};

/** @type {Record<string, string>} */
export const FAILURE = {
  BAD_SHAPE: "its answer has another shape than expected",
  FORBIDDEN_ADDRESS: "its address must not be dialled",
  HTTP_STATUS: "it answered with an HTTP error",
  NOT_JSON: "its answer is not JSON",
  REFUSED: "the connection was refused",
  RPC_ERROR: "it answered with a JSON-RPC error",
  TIMEOUT: "no answer before the deadline",
  TOO_LARGE: "its answer is too large",
  UNREACHABLE: "there is no route to it, or its name is unknown",
};

/** @type {Record<string, {label: string, tone: string}>} */
export const EVENT = {
  JOINED: { label: "Joined", tone: "good" },
  LEFT: { label: "Left", tone: "bad" },
  RESTARTED: { label: "Restarted", tone: "info" },
  VERSION_CHANGED: { label: "Version", tone: "info" },
  STATUS_CHANGED: { label: "Status", tone: "warn" },
  TIER_CHANGED: { label: "Tier", tone: "warn" },
  ADDRESS_CHANGED: { label: "Address", tone: "info" },
  COMMITTED_CHANGED: { label: "Storage", tone: "info" },
  KEY_CONFLICT: { label: "Key conflict", tone: "bad" },
  SEED_DOWN: { label: "Seed down", tone: "bad" },
  SEED_UP: { label: "Seed up", tone: "good" },
};

/** @type {Record<string, string>} */
export const CRITERION = {
  AVAILABILITY: "Seen online",
  DIVERSITY: "Place among its neighbours",
  ONE_PROCESS: "One process with its key",
  SUPPORTED: "Listed by enough seeds",
  CONSISTENCY: "Steady in gossip",
  ONLINE: "Online",
  PUBLIC: "RPC reachable",
  SCORE: "Score",
  UPTIME: "Uptime",
  VERSION: "Latest version",
  WITNESSES: "Seeds that list it",
};

/** What was wrong with a row of a seed's list. @type {Record<string, string>} */
const DROPPED = {
  "pod:address": "without a usable address",
  "pod:notAnObject": "not an object",
  "pod:notGlobal": "with an address that only its own network can reach",
  "pod:overLimit": "beyond the limit of a list",
  "pod:repeated": "repeated",
  "pod:saysNothing": "without a key, an uptime and a version",
};

/** "pod:repeated" as "rows repeated", "field:pubkey" as "unreadable values of pubkey". @param {{name: string, count: number}} dropped */
export function droppedText({ name, count }) {
  const many = count === 1 ? "" : "s";
  if (name.startsWith("field:")) return `${count} unreadable value${many} of “${spaced(name.slice(6))}”`;
  return `${count} row${many} ${DROPPED[name] ?? spaced(name.replace("pod:", ""))}`;
}

/** "GOSSIP_FLAPPING" as "Gossip flapping". @param {string} name */
export function plain(name) {
  const text = name.toLowerCase().replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "storageUsagePercent" as "storage usage percent". @param {string} name */
export const spaced = (name) => name.replace(/([A-Z])/g, " $1").toLowerCase().trim();

/** @param {string} type @param {string} value */
function told(type, value) {
  if (type === "RESTARTED") return duration(value);
  if (type === "COMMITTED_CHANGED") return bytes(value);
  if (type === "STATUS_CHANGED" || type === "JOINED" || type === "LEFT") return STATUS[value]?.label ?? value;
  if (type === "TIER_CHANGED") return TIER[value]?.label ?? value;
  return value;
}

/** What an event changed, as text. @param {{type: string, before?: string | null, after?: string | null}} event */
export function change({ type, before, after }) {
  const from = before === null || before === undefined ? "" : told(type, before);
  const to = after === null || after === undefined ? "" : told(type, after);
  if (type === "RESTARTED") return from ? `after ${from} of uptime` : "";
  if (type === "LEFT") return from ? `was ${from}` : "";
  if (type === "JOINED") return to;
  if (from && to) return `${from} → ${to}`;
  return to || from;
}
