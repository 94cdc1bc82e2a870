/** A score taken apart: what each part earned, what it lost, and what would win that back, in the API's own words. */

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} label
 * @property {number | null} value points earned; null where the input is not known
 * @property {number} max points that it is worth at most
 * @property {number | null} lost points that it does not earn; null where the input is not known
 * @property {string | null} step what would win them
 */

/** @type {Record<string, string>} */
const LABELS = {
  AGREEMENT: "Word of the seeds",
  AVAILABILITY: "Availability",
  BALANCE: "Balance of use",
  CONSISTENCY: "Steady in gossip",
  GROWTH: "Growth of use",
  PRESENCE: "Seeds that list it",
  STABILITY: "Stability",
  STORAGE: "Committed storage",
  UPTIME: "Uptime",
  VERSION: "Version",
};

/**
 * Every part of a node's score, those that lost most first; those that are not known last.
 * @param {any} node
 * @returns {Part[]}
 */
export function partsOf(node) {
  const parts = (node.score?.parts ?? []).map((/** @type {any} */ { name, points, pointsLost, weight, nextStep: step }) => ({ name, label: LABELS[name] ?? name, value: points, max: weight, lost: pointsLost, step }));
  return parts.sort((/** @type {Part} */ a, /** @type {Part} */ b) => (b.lost ?? -1) - (a.lost ?? -1));
}

/**
 * What would gain most, and how many points; null where nothing is lost that is known.
 * @param {any} node
 * @returns {{text: string, gain: number | null, label: string | null} | null}
 */
export function nextStep(node) {
  const text = node.score?.nextStep;
  if (!text) return null;
  const part = partsOf(node).find(({ step }) => step === text);
  return { text, gain: part?.lost ?? null, label: part?.label ?? null };
}
