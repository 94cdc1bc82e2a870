/** All nodes: search, filters, order, columns, pages; all of it in the URL, so that each selection is a link. */
import { useQuery } from "../lib/data.js";
import { number } from "../lib/format.js";
import { changed, go, place } from "../lib/router.js";
import { html, useEffect, useState, useStore } from "../lib/view.js";
import { STATUS, TIER } from "../lib/words.js";
import { Badge, Bytes, Copy, Empty, Heading, NodeLink, Num, Percent, Skeleton, Span, Time, Trouble, Unknown } from "../ui/basic.js";
import { DataTable, Pager } from "../ui/table.js";

const TYPING_MS = 250;
const SIZES = ["25", "50", "100", "200"];
const MAX_QUERY = 100;

/** @type {import("../ui/table.js").Column[]} */
const COLUMNS = [
  { name: "node", label: "Node", sort: "ADDRESS", head: true, cell: (n) => html`<${NodeLink} id=${n.id} address=${n.address} short /> <${Copy} text=${n.address ?? n.id} what="the address" />` },
  { name: "key", label: "Key", cell: (n) => (n.pubkey ? html`<bdi class="mono clip" title=${n.pubkey}>${n.pubkey.slice(0, 10)}…</bdi> <${Copy} text=${n.pubkey} what="the public key" />` : html`<${Unknown} why="no valid key is reported" />`) },
  { name: "status", label: "Status", cell: (n) => html`<${Badge} ...${STATUS[n.status]} />` },
  { name: "score", label: "Score", sort: "SCORE", right: true, cell: (n) => html`<${Num} value=${n.score?.composite} digits=${1} quiet why=${n.status === "ONLINE" ? "it is not scored yet" : "only online nodes have a score"} />` },
  { name: "rank", label: "Rank", right: true, cell: (n) => html`<${Num} value=${n.score?.rank} quiet why="only nodes with a score have a rank" />` },
  { name: "tier", label: "Tier", cell: (n) => (n.score ? html`<${Badge} ...${TIER[n.tier]} />` : html`<${Unknown} why="it has no score" />`) },
  { name: "version", label: "Version", sort: "VERSION", cell: (n) => (n.version ? html`<bdi class="mono clip" title=${n.version}>${n.version}</bdi>` : html`<${Unknown} why="no seed reported it" />`) },
  { name: "behind", label: "Behind", right: true, cell: (n) => html`<${Num} value=${n.versionsBehind} quiet why="it cannot be compared with the latest release" />` },
  { name: "uptime", label: "Uptime", sort: "UPTIME", right: true, cell: (n) => html`<${Span} value=${n.uptime} quiet why="no seed reported it" />` },
  { name: "committed", label: "Committed", sort: "STORAGE_COMMITTED", right: true, cell: (n) => html`<${Bytes} value=${n.storageCommitted} quiet why="no seed reported it" />` },
  { name: "used", label: "Used", sort: "STORAGE_USED", right: true, cell: (n) => html`<${Bytes} value=${n.storageUsed} quiet why="no seed reported it" />` },
  { name: "usage", label: "Use", sort: "STORAGE_USAGE_PERCENT", right: true, cell: (n) => html`<${Percent} value=${n.storageUsagePercent} quiet why="committed or used storage is not known" />` },
  { name: "witnesses", label: "Seeds", sort: "WITNESS_COUNT", right: true, cell: (n) => html`<${Num} value=${n.witnessCount} quiet />` },
  { name: "public", label: "RPC", cell: (n) => (n.isPublic === null ? html`<${Unknown} why="no seed says whether its RPC is public" />` : n.isPublic ? "public" : "private") },
  { name: "first", label: "First seen", sort: "FIRST_SEEN", cell: (n) => html`<${Time} at=${n.firstSeen} relative quiet />` },
  { name: "last", label: "Last gossip", sort: "LAST_SEEN", cell: (n) => html`<${Time} at=${n.lastSeen} relative quiet why="gossip does not say" />` },
];
const SHOWN = ["node", "status", "score", "version", "uptime", "committed", "usage", "witnesses"];

/** What a search means: part of an address or of a version, or the beginning of a key. @param {URLSearchParams} params */
export function whereOf(params) {
  const where = /** @type {any} */ ({});
  const text = (params.get("q") ?? "").slice(0, MAX_QUERY);
  if (text) where.or = [{ address: { contains: text } }, { pubkey: { startsWith: text } }, { id: { startsWith: text } }, { version: { startsWith: text } }];
  const status = params.get("status");
  if (status && status in STATUS) where.status = { eq: status };
  const tier = params.get("tier");
  if (tier && tier in TIER) where.tier = { eq: tier };
  const version = params.get("version");
  if (version) where.version = version === "?" ? { isNull: true } : { eq: version.slice(0, 200) };
  const open = params.get("public");
  if (open === "true" || open === "false") where.isPublic = { eq: open === "true" };
  const least = Number(params.get("score"));
  if (params.get("score") && Number.isFinite(least)) where.score = { gte: least };
  const below = Number(params.get("below"));
  if (params.get("below") && Number.isFinite(below)) where.score = { ...where.score, lt: below };
  const young = Number(params.get("younger"));
  if (params.get("younger") && Number.isFinite(young)) where.uptime = { lt: Math.round(young) };
  if (params.get("supported") === "false") where.supported = { eq: false };
  return where;
}

export default function Nodes() {
  const { params } = useStore(place);
  const sort = params.get("sort") ?? "SCORE";
  const descending = (params.get("order") ?? "desc") === "desc";
  const size = Number(SIZES.find((each) => each === params.get("size")) ?? "50");
  const columns = shownColumns(params.get("cols"));
  const before = params.get("before") || undefined;
  const after = before ? undefined : params.get("after") || undefined;
  const order = COLUMNS.some((column) => column.sort === sort) ? sort : "SCORE";
  const query = useQuery("Nodes", {
    where: whereOf(params), orderBy: [{ field: /** @type {any} */ (order), direction: descending ? "DESC" : "ASC" }],
    first: before ? undefined : size, last: before ? size : undefined, after, before, asOf: after || before ? undefined : params.get("asOf") || undefined,
  }, { live: !after && !before });
  const set = (/** @type {any} */ changes, replace = false) => go(changed({ after: null, before: null, ...changes }), { replace });
  const page = query.data?.pnodes;
  return html`<${Heading} title="Nodes" actions=${html`<${Columns} shown=${columns.map(({ name }) => name)} set=${set} />`}>${page ? `${number(page.totalCount)} nodes match.` : "Every node that is known, alive or not."}<//>
    <${Filters} params=${params} set=${set} />
    <${Trouble} query=${query} />
    ${query.error && ["INVALID_CURSOR", "CURSOR_EXPIRED"].includes(query.error.code) && html`<p><button type="button" class="button" onClick=${() => set({})}>Begin with the first page</button></p>`}
    ${!page ? !query.error && html`<${Skeleton} lines=${12} />` : page.nodes.length === 0 ? html`<${Empty}>No node matches. <button type="button" class="link" onClick=${() => set({ q: null, status: null, tier: null, version: null, public: null, score: null, below: null, younger: null, supported: null })}>Show all</button><//>` : html`
    <div class="card flush"><${DataTable} caption="Nodes" columns=${columns} rows=${page.nodes} keyOf=${(/** @type {any} */ n) => n.id} sort=${order} descending=${descending} busy=${query.loading && !query.error}
      onSort=${(/** @type {string} */ name, /** @type {boolean} */ down) => set({ sort: name, order: down ? null : "asc" })} /></div>
    <${Pager} shown=${page.nodes.length} total=${page.totalCount} what="nodes" info=${page.pageInfo} first=${!after && !before} onPage=${(/** @type {any} */ changes) => set(changes)} />`}`;
}

/** @param {string | null} text */
function shownColumns(text) {
  const names = text ? text.split(",") : SHOWN;
  const found = COLUMNS.filter(({ name }) => name === "node" || names.includes(name));
  return found.length > 1 ? found : COLUMNS.filter(({ name }) => SHOWN.includes(name));
}

function Filters({ params, set }) {
  const [text, setText] = useState(params.get("q") ?? "");
  const inUrl = params.get("q") ?? "";
  useEffect(() => setText(inUrl), [inUrl]);
  useEffect(() => {
    if (text === inUrl) return undefined;
    const timer = setTimeout(() => set({ q: text.trim() || null }, true), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const pick = (/** @type {string} */ name) => (/** @type {any} */ e) => set({ [name]: e.target.value || null });
  const extra = ["version", "score", "below", "younger", "supported"].filter((name) => params.get(name));
  return html`<div class="filters">
    <label class="field wide">Search<input type="search" value=${text} maxlength=${MAX_QUERY} spellcheck=${false} autocomplete="off" placeholder="Part of an address, start of a key or version" onInput=${(/** @type {any} */ e) => setText(e.target.value)} /></label>
    <${Select} label="Status" value=${params.get("status")} onChange=${pick("status")} options=${Object.entries(STATUS).map(([name, { label }]) => [name, label])} />
    <${Select} label="Tier" value=${params.get("tier")} onChange=${pick("tier")} options=${[["LOW_RISK", "Low risk"], ["MEDIUM_RISK", "Medium risk"], ["HIGH_RISK", "High risk"]]} />
    <${Select} label="RPC" value=${params.get("public")} onChange=${pick("public")} options=${[["true", "Public"], ["false", "Private"]]} />
    <label class="field">Rows<select value=${params.get("size") ?? "50"} onChange=${(/** @type {any} */ e) => set({ size: e.target.value === "50" ? null : e.target.value })}>${SIZES.map((size) => html`<option key=${size} value=${size}>${size}</option>`)}</select></label>
    ${extra.map((name) => html`<button type="button" key=${name} class="button" onClick=${() => set({ [name]: null })} aria-label=${`Remove the filter ${name}`}>${EXTRA[name]} <bdi class="clip">${name === "supported" ? "" : params.get(name)}</bdi> ×</button>`)}
  </div>`;
}

/** @type {Record<string, string>} */
const EXTRA = { version: "version", score: "score from", below: "score under", younger: "uptime in seconds under", supported: "listed by too few seeds" };

export function Select({ label, value, options, onChange, all = "All" }) {
  return html`<label class="field">${label}<select value=${value ?? ""} onChange=${onChange}><option value="">${all}</option>${options.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}</select></label>`;
}

function Columns({ shown, set }) {
  const toggle = (/** @type {string} */ name) => {
    const next = shown.includes(name) ? shown.filter((/** @type {string} */ each) => each !== name) : [...shown, name];
    set({ cols: COLUMNS.map((column) => column.name).filter((each) => next.includes(each)).join(",") || null }, true);
  };
  return html`<details class="menu"><summary class="button">Columns</summary><div class="menu-body">${COLUMNS.slice(1).map(({ name, label }) => html`<label class="check" key=${name}><input type="checkbox" checked=${shown.includes(name)} onChange=${() => toggle(name)} />${label}</label>`)}
    <button type="button" class="link" onClick=${() => set({ cols: null }, true)}>As at first</button></div></details>`;
}
