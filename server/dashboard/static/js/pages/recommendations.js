/** Nodes to stake with, each criterion as pass or fail, and why the others are not here. */
import { useQuery } from "../lib/data.js";
import { duration, number } from "../lib/format.js";
import { changed, go, href, place } from "../lib/router.js";
import { html, useStore } from "../lib/view.js";
import { CRITERION, TIER } from "../lib/words.js";
import { Badge, Bytes, Card, Copy, Empty, Heading, Icon, NodeLink, Skeleton, Trouble } from "../ui/basic.js";
import { Pager } from "../ui/table.js";

const DAY = 86_400;
const PAGE = 10;

export default function Recommendations() {
  const { params } = useStore(place);
  const days = clamp(params.get("days"), 7, 0, 36_500);
  const score = clamp(params.get("score"), 0, 0, 100);
  const open = params.get("public") === "true";
  const after = params.get("after") || undefined;
  const query = useQuery("Recommendations", {
    where: { minUptimeDays: days, ...(score ? { minScore: score } : {}), requirePublic: open }, first: PAGE, after, asOf: params.get("asOf") || undefined,
    young: Math.round(days * DAY), least: score, public: open,
  }, { live: !after });
  const set = (/** @type {any} */ changes) => go(changed({ after: null, ...changes }));
  const list = query.data?.recommendations;
  return html`<${Heading} title="Where to stake">${list ? html`<strong>${number(list.totalCount)}</strong> of ${number(list.evaluated)} nodes meet every demand, the best first.` : "Nodes that meet every demand, the best first."}<//>
    <div class="filters">
      <label class="field">Up for at least (days)<input type="number" min="0" max="36500" value=${days} onChange=${(/** @type {any} */ e) => set({ days: e.target.value === "7" ? null : e.target.value })} /></label>
      <label class="field">Score of at least<input type="number" min="0" max="100" value=${score || ""} placeholder="any" onChange=${(/** @type {any} */ e) => set({ score: e.target.value || null })} /></label>
      <label class="check"><input type="checkbox" checked=${open} onChange=${(/** @type {any} */ e) => set({ public: e.target.checked ? "true" : null })} /> RPC must be public</label>
    </div>
    <${Trouble} query=${query} />
    ${!list ? !query.error && html`<${Skeleton} lines=${10} />` : html`<div class="cols main-side">
      <div class=${`stackup ${query.loading ? "busy" : ""}`}>
        ${list.nodes.length ? list.nodes.map((each, i) => html`<${Pick} key=${each.pnode.id} pick=${each} place=${after ? null : i + 1} />`) : html`<${Card}><${Empty}>No node meets every demand. Ask for less uptime or a lower score.<//><//>`}
        ${(list.totalCount > PAGE || after) && html`<${Pager} shown=${list.nodes.length} total=${list.totalCount} what="nodes" info=${{ hasNextPage: list.pageInfo.hasNextPage, endCursor: list.pageInfo.endCursor }} first=${!after} onPage=${(/** @type {any} */ changes) => set(changes)} />`}
      </div>
      <${Others} data=${query.data} days=${days} score=${score} open=${open} />
    </div>`}`;
}

/** @param {string | null} text @param {number} fallback @param {number} low @param {number} high */
function clamp(text, fallback, low, high) {
  const value = Number(text);
  return text === null || text === "" || !Number.isFinite(value) ? fallback : Math.max(low, Math.min(high, value));
}

function Pick({ pick, place: nth }) {
  const { pnode, score, criteria, reasons } = pick;
  return html`<${Card} class="pick"><div class="pick-head">${nth && html`<span class="place" aria-hidden="true">${nth}</span>`}
      <div class="grow"><h2><${NodeLink} id=${pnode.id} address=${pnode.address} /> <${Copy} text=${pnode.address ?? pnode.id} what="the address" /></h2>
      <p class="note">${reasons.join(" · ")}</p></div>
      <div class="pick-score"><span class="big num">${score?.composite === null || !score ? "—" : number(score.composite, 1)}</span>${score && html`<${Badge} ...${TIER[score.tier]} />`}</div></div>
    <ul class="criteria">${criteria.map((/** @type {any} */ each) => html`<li key=${each.name} class=${each.passed ? "pass" : "fail"}><${Icon} name=${each.passed ? "check" : "cross"} /><span>${CRITERION[each.name] ?? each.name}${each.demanded ? "" : html` <span class="of">(informs)</span>`}<span class="sr">: ${each.passed ? "passed" : "not passed"}</span></span><span class="num of">${found(each)}</span></li>`)}</ul>
    <div class="actions"><a class="button" href=${href("node", { id: pnode.id })}>Details</a><a class="button" href=${href("compare", { nodes: pnode.address ?? pnode.id })}>Compare</a><span class="note">commits <${Bytes} value=${pnode.storageCommitted} quiet /></span></div>
  <//>`;
}

/** @param {any} criterion */
function found({ name, actual, expected }) {
  const say = (/** @type {any} */ value) => {
    if (value.number === null) return value.text === "true" ? "yes" : value.text === "false" ? "no" : value.text;
    if (name === "UPTIME") return duration(value.number * DAY);
    return name === "CONSISTENCY" ? number(value.number, 3) : number(value.number, 1);
  };
  if (!actual) return "not known";
  return expected && expected.text !== actual.text ? `${say(actual)} (${expected.number === null ? "wanted" : "at least"} ${say(expected)})` : say(actual);
}

function Others({ data, days, score, open }) {
  /** @type {[string, number | undefined, string | null][]} */
  const rows = [
    ["are not online", data.offline.totalCount, href("nodes", { status: "GHOST" })],
    [`are up for less than ${number(days, 1)} days`, data.young.totalCount, href("nodes", { status: "ONLINE", younger: Math.round(days * DAY), sort: "UPTIME" })],
    ["have no known uptime", data.noUptime.totalCount, null],
    ...(score ? [/** @type {[string, number, string]} */ ([`score less than ${number(score)}`, data.weak.totalCount, href("nodes", { status: "ONLINE", below: score })])] : []),
    ...(open ? [/** @type {[string, number | undefined, string]} */ (["have no public RPC", data.private?.totalCount, href("nodes", { status: "ONLINE", public: "false" })])] : []),
    ["are listed by too few seeds", data.unsupported.totalCount, href("nodes", { supported: "false" })],
  ];
  return html`<${Card} title="Why not the others" id="others"><ul class="plain">${rows.filter(([, count]) => count).map(([words, count, link]) => html`<li key=${words}><strong class="num">${number(count ?? 0)}</strong> ${link ? html`<a href=${link}>${words}</a>` : words}</li>`)}</ul>
    ${data.recommendations.excluded.length > 0 && html`<h3>The best ranked of them</h3><ul class="plain">${data.recommendations.excluded.map((/** @type {any} */ each) => html`<li key=${each.pnode.id}><${NodeLink} id=${each.pnode.id} address=${each.pnode.address} /> <span class="note">${each.reasons.join(" · ")}</span></li>`)}</ul>`}
    <p class="note">A node can be left out for several reasons. How points are made: <a href=${href("about")}>About</a>.</p><//>`;
}
