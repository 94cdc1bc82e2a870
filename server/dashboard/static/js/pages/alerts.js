/** What is wrong with nodes, most urgent first. */
import { useQuery } from "../lib/data.js";
import { number } from "../lib/format.js";
import { changed, go, place } from "../lib/router.js";
import { html, useStore } from "../lib/view.js";
import { SEVERITY, plain } from "../lib/words.js";
import { Card, Empty, Heading, Skeleton, Stat, Trouble } from "../ui/basic.js";
import { AlertList } from "../ui/events.js";
import { Pager } from "../ui/table.js";
import { Select } from "./nodes.js";

const PAGE = 50;
const TYPES = ["FALLING_AVAILABILITY", "GOSSIP_FLAPPING", "ISOLATED", "KEY_CONFLICT", "LOW_UPTIME", "OFFLINE", "RESTART_STORM", "STORAGE_CRITICAL", "STORAGE_WARNING", "TIER_AT_RISK", "UNDERUTILIZED", "VERSION_BEHIND", "VERSION_LAG", "VERSION_OUTDATED", "WEAK_CONNECTIVITY"];

export default function Alerts() {
  const { params } = useStore(place);
  const after = params.get("after") || undefined;
  const severity = /** @type {any} */ (Object.keys(SEVERITY).find((name) => name === params.get("severity")));
  const type = /** @type {any} */ (TYPES.find((name) => name === params.get("type")));
  const where = { ...(severity ? { severity: { eq: severity } } : {}), ...(type ? { type: { eq: type } } : {}) };
  const query = useQuery("Alerts", { where, first: PAGE, after, asOf: params.get("asOf") || undefined }, { live: !after });
  const set = (/** @type {any} */ changes) => go(changed({ after: null, ...changes }));
  const list = query.data?.alerts;
  const summary = query.data?.all.summary;
  return html`<${Heading} title="Alerts">${summary ? `${number(summary.total)} alerts about ${number(summary.nodes)} nodes.` : "What is wrong with nodes, most urgent first."}<//>
    ${summary && html`<${Card}><dl class="stats">${["CRITICAL", "WARNING", "INFO"].map((name) => html`<${Stat} key=${name} label=${SEVERITY[name].label}><button type="button" class="link" onClick=${() => set({ severity: severity === name ? null : name })}>${number(/** @type {any} */ (summary)[name.toLowerCase()])}</button><//>`)}
      ${[...summary.byType].sort((a, b) => b.count - a.count).map((each) => html`<${Stat} key=${each.type} label=${plain(each.type)}><button type="button" class="link" onClick=${() => set({ type: type === each.type ? null : each.type })}>${number(each.count)}</button><//>`)}</dl><//>`}
    <div class="filters">
      <${Select} label="Severity" value=${severity} options=${Object.entries(SEVERITY).map(([name, { label }]) => [name, label])} onChange=${(/** @type {any} */ e) => set({ severity: e.target.value || null })} />
      <${Select} label="Type" value=${type} options=${TYPES.map((name) => [name, plain(name)])} onChange=${(/** @type {any} */ e) => set({ type: e.target.value || null })} />
    </div>
    <${Trouble} query=${query} />
    ${!list ? !query.error && html`<${Skeleton} lines=${10} />` : list.nodes.length === 0 ? html`<${Empty}>No alert matches.<//>` : html`<${Card} class=${query.loading ? "busy" : ""}><${AlertList} alerts=${list.nodes} /><//>
    <${Pager} shown=${list.nodes.length} total=${list.totalCount} what="alerts" info=${{ hasNextPage: list.pageInfo.hasNextPage, endCursor: list.pageInfo.endCursor }} first=${!after} onPage=${(/** @type {any} */ changes) => set(changes)} />`}`;
}
