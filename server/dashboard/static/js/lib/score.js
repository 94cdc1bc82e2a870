/** A score taken apart: what each part earned, what it lost of the composite, and what would win it back. */
import { duration, number } from "./format.js";

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} label
 * @property {"trust" | "capacity"} group
 * @property {number | null} value points earned; null where the input is not known
 * @property {number} max
 * @property {number} weight of the group in the composite
 * @property {number} counted points that count: the default's where the input is not known
 * @property {number} lost points of the composite
 * @property {string} step what wins them back
 */

const GIB = 2 ** 30;

/**
 * Every part of a node's score, those that lost most first.
 * @param {any} node
 * @param {any} policy
 * @returns {Part[]}
 */
export function partsOf(node, policy) {
  if (!node.score) return [];
  const { trust, capacity, defaults } = policy;
  const [t, c] = [node.score.trust.parts, node.score.capacity.parts];
  /** @type {[string, string, "trust" | "capacity", number | null, number, number, string][]} */
  const rows = [
    ["uptime", "Uptime", "trust", t.uptime, trust.uptimePoints, points(defaults.uptime / (trust.uptimeFullDays * 86_400), trust.uptimePoints), uptimeStep(node, trust)],
    ["gossipPresence", "Seeds that list it", "trust", t.gossipPresence, trust.presencePoints, 0, `Be listed by ${trust.presenceFull} seeds (now ${node.witnessCount}): check that gossip (UDP) reaches it from outside.`],
    ["versionCompliance", "Version", "trust", t.versionCompliance, trust.versionPoints, defaults.versionPoints, policy.latestVersion ? `Upgrade to ${policy.latestVersion}.` : "Run the network's latest release."],
    ["gossipConsistency", "Steady in gossip", "trust", t.gossipConsistency, trust.consistencyPoints, trust.consistencyPoints * defaults.consistency, "Stay reachable without breaks: each drop from gossip counts for days."],
    ["storageCommitted", "Committed storage", "capacity", c.storageCommitted, capacity.committedPoints, points(defaults.storageCommitted / (capacity.committedFullGib * GIB), capacity.committedPoints), `Commit ${number(capacity.committedFullGib)} GiB or more.`],
    ["usageBalance", "Balance of use", "capacity", c.usageBalance, capacity.balancePoints, balance(defaults.storageUsagePercent, capacity), balanceStep(node, capacity)],
    ["growthTrend", "Growth of use", "capacity", c.growthTrend, capacity.growthPoints, capacity.growthPoints * defaults.growthTrend, `Grows as the network stores more: it compares used storage over ${number(capacity.growthDays)} days.`],
  ];
  const parts = rows.map(([name, label, group, value, max, fallback, step]) => {
    const weight = group === "trust" ? policy.trustWeight : policy.capacityWeight;
    const counted = value ?? fallback;
    return { name, label, group, value, max, weight, counted, lost: Math.max(0, max - counted) * weight, step };
  });
  return parts.sort((a, b) => b.lost - a.lost);
}

/** The part whose loss the operator can act on, that would win most. Growth and uptime only wait. @param {Part[]} parts */
export function nextStep(parts) {
  const worth = parts.filter(({ lost }) => lost >= 0.5);
  return worth.find(({ name }) => name !== "growthTrend" && name !== "uptime") ?? worth[0] ?? null;
}

/** @param {number} share @param {number} full */
const points = (share, full) => Math.max(0, Math.min(1, share)) * full;

/** @param {number} use in percent @param {any} capacity */
function balance(use, { balanceLow, balanceHigh, balancePoints }) {
  if (use < balanceLow) return (use / balanceLow) * balancePoints;
  return use > balanceHigh ? ((100 - use) / (100 - balanceHigh)) * balancePoints : balancePoints;
}

/** @param {any} node @param {any} trust */
function uptimeStep({ uptime }, { uptimeFullDays }) {
  const left = uptimeFullDays * 86_400 - Number(uptime ?? 0);
  return left > 0 ? `Keep running: full points after ${number(uptimeFullDays)} days without a restart, ${duration(left)} from now.` : "";
}

/** @param {any} node @param {any} capacity */
function balanceStep({ storageUsagePercent: use }, { balanceLow, balanceHigh }) {
  if (use !== null && use > balanceHigh) return `Commit more storage: more than ${number(balanceHigh)} % is used.`;
  return `Full points from ${number(balanceLow)} to ${number(balanceHigh)} % of use; less committed storage raises the share.`;
}
