/** Who runs how much: concentration in three measures, the Lorenz curve, and every operator. */
import { ask, useQuery } from "../lib/data.js";
import { number, percent } from "../lib/format.js";
import { changed, go, place, useParam } from "../lib/router.js";
import { html, useEffect, useState, useStore } from "../lib/view.js";
import { Bytes, Card, Choice, Copy, Heading, NodeLink, Num, Percent, Skeleton, Stat, Time, Trouble } from "../ui/basic.js";
import { DataTable, Pager } from "../ui/table.js";

const PAGE = 50;
const MAX_PAGES = 20;

/** @type {import("../ui/table.js").Column[]} */
const COLUMNS = [
  { name: "key", label: "Operator", head: true, cell: (o) => html`<bdi class="mono clip" title=${o.key}>${o.key}</bdi> <${Copy} text=${o.key} what="the key" />` },
  { name: "addresses", label: "Addresses", sort: "ADDRESS_COUNT", right: true, cell: (o) => html`<${Num} value=${o.addressCount} quiet />` },
  { name: "live", label: "Live", sort: "ONLINE_ADDRESS_COUNT", right: true, cell: (o) => html`<${Num} value=${o.onlineAddressCount} quiet />` },
  { name: "committed", label: "Committed", sort: "STORAGE_COMMITTED", right: true, cell: (o) => html`<${Bytes} value=${o.storageCommitted} quiet />` },
  { name: "used", label: "Used", sort: "STORAGE_USED", right: true, cell: (o) => html`<${Bytes} value=${o.storageUsed} quiet />` },
  { name: "versions", label: "Versions", cell: (o) => html`<bdi class="mono clip">${o.versions.join(", ") || "—"}</bdi>` },
  { name: "first", label: "First seen", sort: "FIRST_SEEN", cell: (o) => html`<${Time} at=${o.firstSeen} relative quiet />` },
  { name: "nodes", label: "Nodes", cell: (o) => html`${o.pnodes.slice(0, 3).map((/** @type {any} */ n) => html`<${NodeLink} key=${n.id} id=${n.id} address=${n.address} short /> `)}` },
];

export default function Operators() {
  const { params } = useStore(place);
  const at = params.get("asOf") || undefined;
  const after = params.get("after") || undefined;
  const asked = params.get("sort") ?? "ADDRESS_COUNT";
  const sort = COLUMNS.some((column) => column.sort === asked) ? asked : "ADDRESS_COUNT";
  const descending = (params.get("order") ?? "desc") === "desc";
  const query = useQuery("Operators", { first: PAGE, after, orderBy: [{ field: /** @type {any} */ (sort), direction: descending ? "DESC" : "ASC" }], asOf: after ? undefined : at }, { live: !after });
  const set = (/** @type {any} */ changes) => go(changed({ after: null, ...changes }));
  const list = query.data?.operators;
  return html`<${Heading} title="Operators">All that runs under one key is one operator, as far as gossip tells.<//>
    <${Trouble} query=${query} />
    ${!list ? !query.error && html`<${Skeleton} lines=${10} />` : html`
    <div class="cols"><${Concentration} figures=${list.concentration} /><${Curve} at=${at} total=${list.concentration.operators} /></div>
    <div class="card flush"><${DataTable} caption="Operators" columns=${COLUMNS} rows=${list.nodes} keyOf=${(/** @type {any} */ o) => o.key} sort=${sort} descending=${descending} busy=${query.loading}
      onSort=${(/** @type {string} */ name, /** @type {boolean} */ down) => set({ sort: name, order: down ? null : "asc" })} /></div>
    <${Pager} shown=${list.nodes.length} total=${list.totalCount} what="operators" info=${{ hasNextPage: list.pageInfo.hasNextPage, endCursor: list.pageInfo.endCursor }} first=${!after} onPage=${(/** @type {any} */ changes) => set(changes)} />`}`;
}

function Concentration({ figures }) {
  /** @type {[string, any][]} */
  const rows = [["Addresses", figures.byAddresses], ["Nodes", figures.byNodes], ["Committed storage", figures.byStorage]];
  return html`<${Card} title="Concentration" id="concentration"><dl class="stats three">
      <${Stat} label="Operators"><${Num} value=${figures.operators} /><//><${Stat} label="Addresses"><${Num} value=${figures.addresses} /><//><${Stat} label="Per operator"><${Num} value=${figures.addressesPerOperator} digits=${2} why="there are no operators" /><//>
    </dl>
    <div class="scroll" tabindex="0" role="region" aria-label="Concentration"><table class="data dense"><caption class="sr">Concentration by measure</caption><thead><tr><th scope="col">By</th><th scope="col" class="right">Largest</th><th scope="col" class="right">Half is held by</th><th scope="col" class="right">HHI</th></tr></thead>
    <tbody>${rows.map(([label, each]) => html`<tr key=${label}><th scope="row">${label}</th><td class="right"><${Percent} value=${each.largestPercent} quiet /></td><td class="right"><${Num} value=${each.nakamoto} quiet /></td><td class="right"><${Num} value=${each.hhi} digits=${4} quiet /></td></tr>`)}</tbody></table></div>
    <p class="note">“Half is held by” is the least number of operators that together hold more than half (the Nakamoto coefficient). HHI is the sum of squared shares: 0 is spread evenly, 1 is one operator.</p><//>`;
}

/** The share of everything that the smaller operators hold together. */
function Curve({ at, total }) {
  const [by, setBy] = useParam("by", "storage");
  const [loaded, setLoaded] = useState(/** @type {{addressCount: number, storageCommitted: number | string}[] | null} */ (null));
  useEffect(() => {
    const control = new AbortController();
    load(at, control.signal).then(setLoaded, () => undefined);
    return () => control.abort();
  }, [at]);
  const values = (loaded ?? []).map((each) => (by === "storage" ? Number(each.storageCommitted) : each.addressCount)).sort((a, b) => a - b);
  const sum = values.reduce((all, each) => all + each, 0);
  const points = [[0, 0]];
  values.reduce((before, each, i) => {
    points.push([(i + 1) / values.length, (before + each) / sum]);
    return before + each;
  }, 0);
  const gini = 1 - points.slice(1).reduce((area, [x, y], i) => area + (x - points[i][0]) * (y + points[i][1]), 0);
  const whole = loaded !== null && values.length >= total;
  const path = points.map(([x, y], i) => `${i ? "L" : "M"}${(x * 100).toFixed(2)} ${(100 - y * 100).toFixed(2)}`).join("");
  return html`<${Card} title="Lorenz curve" id="lorenz" more=${html`<${Choice} label="Measure" value=${by} options=${[["storage", "storage"], ["addresses", "addresses"]]} onPick=${(/** @type {string} */ v) => setBy(v)} />`}>
    ${!loaded ? html`<${Skeleton} lines=${4} />` : !sum ? html`<p class="empty">There is nothing to share.</p>` : html`<div class="lorenz"><svg viewBox="-2 -2 104 104" role="img" aria-label=${`Lorenz curve by ${by}: the smaller half of the operators holds ${percent(share(points, 0.5) * 100, 1)}`}>
      <path class="even" d="M0 100L100 0" /><path class="area" d=${`${path}L100 100Z`} /><path class="line" d=${path} /><path class="frame" d="M0 0V100H100" /></svg>
      <dl class="facts"><dt>Gini coefficient</dt><dd class="num">${number(gini, 3)}</dd><dt>Smaller half holds</dt><dd class="num">${percent(share(points, 0.5) * 100, 1)}</dd><dt>Largest tenth holds</dt><dd class="num">${percent(100 - share(points, 0.9) * 100, 1)}</dd></dl></div>
      <p class="note">Operators from the smallest to the largest, and what they hold together; the straight line would be an even spread.${whole ? "" : ` Of ${number(total)} operators, the ${number(values.length)} with the most are drawn.`}</p>`}
  <//>`;
}

/** @param {number[][]} points @param {number} x */
function share(points, x) {
  const i = points.findIndex((point) => point[0] >= x);
  return i < 0 ? 1 : points[i][1];
}

/** @param {string | undefined} at @param {AbortSignal} signal */
async function load(at, signal) {
  const all = [];
  let after = /** @type {string | undefined} */ (undefined);
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { operators } = await ask("Shares", { after, asOf: after ? undefined : at, orderBy: [{ field: "STORAGE_COMMITTED", direction: "DESC" }] }, signal);
    all.push(...operators.nodes);
    if (!operators.pageInfo.hasNextPage) break;
    after = operators.pageInfo.endCursor ?? undefined;
  }
  return all;
}
