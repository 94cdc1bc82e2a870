/** Where seeds and nodes are drawn: seeds on a circle, nodes around them, those that more seeds list nearer to the middle. */
import { STATUS } from "../lib/words.js";

const SEED_RADIUS = 84;
const FIRST_RING = 132;
const RING_GAP = 13;
const POINT_GAP = 11.5;
const GROUP_GAP = 9;

/** @param {{seeds: any[], nodes: any[], edges: {source: string, target: string}[]}} graph */
export function layout({ seeds, nodes, edges }) {
  const turn = (/** @type {number} */ i) => (i / Math.max(1, seeds.length)) * 2 * Math.PI - Math.PI / 2;
  const listed = groups(edges, ({ source }) => source, ({ target }) => target);
  const listers = groups(edges, ({ target }) => target, ({ source }) => source);
  const placed = seeds.map((seed, i) => ({ ...seed, number: i + 1, count: listed.get(seed.id)?.length ?? 0, angle: turn(i), x: SEED_RADIUS * Math.cos(turn(i)), y: SEED_RADIUS * Math.sin(turn(i)) }));
  const angles = new Map(placed.map(({ id, angle }) => [id, angle]));
  const points = nodes.map((node) => {
    const around = (listers.get(node.id) ?? []).map((id) => angles.get(id) ?? 0);
    const angle = Math.atan2(sum(around.map(Math.sin)), sum(around.map(Math.cos)));
    return { id: node.id, label: node.label, status: node.pnode?.status ?? "UNKNOWN", tone: STATUS[node.pnode?.status ?? "UNKNOWN"]?.tone ?? "mute", count: around.length, angle, x: 0, y: 0 };
  });
  const radius = spread(points);
  const where = new Map([...placed, ...points].map((each) => [each.id, each]));
  const line = (/** @type {string} */ source, /** @type {string} */ target) => {
    const [a, b] = [where.get(source), where.get(target)];
    return a && b ? `M${a.x.toFixed(1)} ${a.y.toFixed(1)}L${b.x.toFixed(1)} ${b.y.toFixed(1)}` : "";
  };
  return {
    seeds: placed,
    nodes: points,
    radius,
    lines: placed.map(({ id }) => ({ id, path: (listed.get(id) ?? []).map((target) => line(id, target)).join("") })),
    to: (/** @type {string} */ id) => (listers.get(id) ?? []).map((source) => line(source, id)).join(""),
  };
}

/** Put points on rings, group by group, in the order of their angles; gives the outermost radius. @param {any[]} points */
function spread(points) {
  let radius = FIRST_RING;
  const counts = [...new Set(points.map(({ count }) => count))].sort((a, b) => b - a);
  for (const count of counts) {
    let rest = points.filter((point) => point.count === count).sort((a, b) => a.angle - b.angle);
    const room = (/** @type {number} */ r) => Math.floor((2 * Math.PI * r) / POINT_GAP);
    /** @type {number[]} */
    const rings = [];
    for (let left = rest.length; left > 0; left -= room(rings[rings.length - 1])) rings.push(radius + rings.length * RING_GAP);
    // Each ring takes its share of the points all around, so that neighbours in angle stay neighbours.
    const total = rings.reduce((all, r) => all + r, 0);
    rings.forEach((r, i) => {
      const share = i === rings.length - 1 ? rest.length : Math.round((r / total) * points.filter((point) => point.count === count).length);
      const step = rest.length / Math.max(1, share);
      const chosen = new Set(Array.from({ length: Math.min(share, rest.length) }, (_, k) => rest[Math.floor(k * step)]));
      [...chosen].forEach((point, k) => {
        const angle = chosen.size > room(r) / 3 ? (k / chosen.size) * 2 * Math.PI - Math.PI : point.angle;
        point.x = r * Math.cos(angle);
        point.y = r * Math.sin(angle);
      });
      rest = rest.filter((point) => !chosen.has(point));
    });
    radius += rings.length * RING_GAP + GROUP_GAP;
  }
  return radius;
}

/** @template T @param {T[]} all @param {(each: T) => string} key @param {(each: T) => string} value */
function groups(all, key, value) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const each of all) {
    const list = found.get(key(each));
    if (list) list.push(value(each));
    else found.set(key(each), [value(each)]);
  }
  return found;
}

/** @param {number[]} values */
const sum = (values) => values.reduce((all, each) => all + each, 0);
