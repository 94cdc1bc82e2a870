/** Who lists whom: a drawing while it is readable, and a table in any case. */
import { ask, useQuery } from "../lib/data.js";
import { number } from "../lib/format.js";
import { changed, go, href, place, useParam } from "../lib/router.js";
import { html, useEffect, useMemo, useState, useStore } from "../lib/view.js";
import { STATUS } from "../lib/words.js";
import { Badge, Card, Heading, Num, Skeleton, Stat, Trouble } from "../ui/basic.js";
import { DataTable, Pager } from "../ui/table.js";
import { layout } from "./topology_layout.js";

const PAGE = 500;
const MAX_DRAWN = 2_000;

export default function Topology() {
  const { params } = useStore(place);
  const at = params.get("asOf") || undefined;
  const after = params.get("after") || undefined;
  const query = useQuery("Topology", { first: PAGE, after, asOf: after ? undefined : at }, { live: !after });
  const graph = query.data?.topology;
  const drawn = Boolean(graph && graph.totalCount <= MAX_DRAWN && !after);
  const whole = useWhole(graph, drawn);
  return html`<${Heading} title="Topology">Which seeds list which nodes. A node that few seeds list is hard to find for everybody.<//>
    <${Trouble} query=${query} />
    ${!graph ? !query.error && html`<${Skeleton} lines=${10} />` : html`
    <${Card}><dl class="stats"><${Stat} label="Seeds"><${Num} value=${graph.stats.seeds} /><//><${Stat} label="Nodes"><${Num} value=${graph.stats.pnodes} /><//><${Stat} label="Listings"><${Num} value=${graph.stats.connections} /><//><${Stat} label="Seeds per node"><${Num} value=${graph.stats.avgConnections} digits=${2} why="there are no nodes" /><//><${Stat} label="Islands" note="groups of seeds whose lists do not overlap"><${Num} value=${graph.islands.length} /><//></dl><//>
    ${drawn ? whole && html`<${Drawing} graph=${whole} />` : html`<p class="note">${after ? "" : `A drawing of ${number(graph.totalCount)} points would not be readable; the table has them all.`}</p>`}
    <${Listing} graph=${graph} after=${after} />`}`;
}

/** All points and edges, page after page, for as many as can be drawn. @param {any} graph @param {boolean} drawn */
function useWhole(graph, drawn) {
  const [whole, setWhole] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (!drawn) return undefined;
    const control = new AbortController();
    (async () => {
      let { nodes, edges, pageInfo } = graph;
      while (pageInfo.hasNextPage) {
        const { topology } = await ask("Topology", { first: PAGE, after: pageInfo.endCursor }, control.signal);
        nodes = [...nodes, ...topology.nodes];
        edges = [...edges, ...topology.edges];
        pageInfo = topology.pageInfo;
      }
      setWhole({ seeds: graph.seeds, nodes: nodes.filter((/** @type {any} */ node) => node.kind === "PNODE"), edges });
    })().catch(() => undefined);
    return () => control.abort();
  }, [graph, drawn]);
  return whole;
}

function Drawing({ graph }) {
  const [focus, setFocus] = useParam("focus");
  const [over, setOver] = useState("");
  const plan = useMemo(() => layout(graph), [graph]);
  const shown = over || focus;
  const lit = useMemo(() => new Set(graph.edges.filter((/** @type {any} */ e) => e.source === shown || e.target === shown).flatMap((/** @type {any} */ e) => [e.source, e.target])), [graph, shown]);
  const size = plan.radius + 26;
  const pick = (/** @type {string} */ id) => setFocus(focus === id ? "" : id, { replace: true });
  const point = plan.nodes.find((/** @type {any} */ n) => n.id === shown);
  const seed = plan.seeds.find((/** @type {any} */ s) => s.id === shown);
  return html`<div class="cols main-side"><${Card} class="drawing">
    <svg viewBox=${`${-size} ${-size} ${2 * size} ${2 * size}`} role="img" aria-label=${`${plan.seeds.length} seeds and the ${plan.nodes.length} nodes that they list; the table below has the same`} class=${shown ? "lit" : ""}>
      ${plan.lines.map((/** @type {any} */ line) => html`<path key=${line.id} class=${`edge ${shown === line.id ? "on" : ""}`} d=${line.path} />`)}
      ${point && html`<path class="edge on" d=${plan.to(point.id)} />`}
      ${plan.nodes.map((/** @type {any} */ n) => html`<circle key=${n.id} class=${`point ${n.tone} ${!shown || lit.has(n.id) || n.id === shown ? "" : "dim"}`} cx=${n.x} cy=${n.y} r=${n.id === shown ? 6.5 : 4.2} onClick=${() => pick(n.id)} onMouseEnter=${() => setOver(n.id)} onMouseLeave=${() => setOver("")}><title>${n.label}</title></circle>`)}
      ${plan.seeds.map((/** @type {any} */ s) => html`<g key=${s.id} class=${`seed ${s.answers ? "" : "silent"}`} onClick=${() => pick(s.id)} onMouseEnter=${() => setOver(s.id)} onMouseLeave=${() => setOver("")}><rect x=${s.x - 9} y=${s.y - 9} width="18" height="18" rx="5" /><text x=${s.x} y=${s.y} dy="0.36em" text-anchor="middle">${s.number}</text><title>${s.id}</title></g>`)}
    </svg>
    <ul class="keys">${["ONLINE", "GHOST", "UNKNOWN", "OFFLINE"].map((name) => html`<li key=${name}><${Badge} ...${STATUS[name]} /></li>`)}<li class="note">Nearer to the middle: listed by more seeds.</li></ul>
  <//>
  <${Card} title="Seeds" id="seeds"><ol class="seeds">${plan.seeds.map((/** @type {any} */ s) => html`<li key=${s.id}><button type="button" class="seed-button" aria-pressed=${focus === s.id} onClick=${() => pick(s.id)}><span class="place">${s.number}</span><bdi class="mono clip">${s.id}</bdi><span class="num of">${s.answers ? number(s.count) : "silent"}</span></button></li>`)}</ol>
    <div class="picked" role="status">${point ? html`<p><bdi class="mono">${point.label}</bdi> <${Badge} ...${STATUS[point.status] ?? STATUS.UNKNOWN} /></p><p class="note">listed by ${number(point.count)} of ${number(plan.seeds.length)} seeds · <a href=${href("node", { id: point.id })}>open</a></p>` : seed ? html`<p class="note">${seed.answers ? `Lists ${number(seed.count)} nodes.` : "It did not answer."}</p>` : html`<p class="note">Choose a seed or a point to see who lists whom.</p>`}</div>
  <//></div>`;
}

/** @type {import("../ui/table.js").Column[]} */
const COLUMNS = [
  { name: "node", label: "Node", head: true, cell: (n) => html`<a class="mono" href=${href("node", { id: n.id })}><bdi class="clip">${n.label}</bdi></a>` },
  { name: "status", label: "Status", cell: (n) => html`<${Badge} ...${STATUS[n.pnode?.status] ?? STATUS.UNKNOWN} />` },
  { name: "version", label: "Version", cell: (n) => html`<bdi class="mono clip">${n.pnode?.version ?? "—"}</bdi>` },
  { name: "group", label: "RPC", cell: (n) => n.group },
  { name: "count", label: "Listed by", right: true, cell: (n) => html`<${Num} value=${n.pnode?.witnessCount} quiet />` },
  { name: "seeds", label: "Seeds", cell: (n) => html`<span class="mono clip">${n.seeds.join(", ")}</span>` },
];

function Listing({ graph, after }) {
  const order = new Map(graph.seeds.map((/** @type {any} */ seed, /** @type {number} */ i) => [seed.id, i + 1]));
  const by = new Map();
  for (const edge of graph.edges) by.set(edge.target, [...(by.get(edge.target) ?? []), order.get(edge.source)]);
  const rows = graph.nodes.filter((/** @type {any} */ n) => n.kind === "PNODE").map((/** @type {any} */ n) => ({ ...n, seeds: (by.get(n.id) ?? []).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b) }));
  return html`<details class="card" open=${Boolean(after) || graph.totalCount > MAX_DRAWN}><summary>Table of ${number(rows.length)} nodes and the numbers of the seeds that list them</summary>
    <${DataTable} caption="Nodes and the seeds that list them" columns=${COLUMNS} rows=${rows} keyOf=${(/** @type {any} */ n) => n.id} />
    ${(graph.pageInfo.hasNextPage || after) && html`<${Pager} shown=${rows.length} total=${graph.totalCount} what="points" info=${{ hasNextPage: graph.pageInfo.hasNextPage, endCursor: graph.pageInfo.endCursor }} first=${!after} onPage=${(/** @type {any} */ changes) => go(changed({ after: null, ...changes }))} />`}
  </details>`;
}
