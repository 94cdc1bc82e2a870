/** What changed between snapshots, newest first; it goes on by itself while the page is open. */
import { useQuery } from "../lib/data.js";
import { number } from "../lib/format.js";
import { changed, go, place } from "../lib/router.js";
import { html, useStore } from "../lib/view.js";
import { EVENT } from "../lib/words.js";
import { Card, Heading, Skeleton, Trouble } from "../ui/basic.js";
import { EventList } from "../ui/events.js";
import { Pager } from "../ui/table.js";
import { Select } from "./nodes.js";

const PAGE = 50;
const MAX_SUBJECT = 200;

export default function Events() {
  const { params } = useStore(place);
  const after = params.get("after") || undefined;
  const at = params.get("asOf");
  const type = /** @type {any} */ (Object.keys(EVENT).find((name) => name === params.get("type")));
  const subject = (params.get("subject") ?? "").slice(0, MAX_SUBJECT);
  const where = { ...(type ? { type: { eq: type } } : {}), ...(subject ? { subject: { eq: subject } } : {}), ...(at ? { at: { lte: at } } : {}) };
  const query = useQuery("Events", { where, first: PAGE, after }, { live: !after });
  const set = (/** @type {any} */ changes) => go(changed({ after: null, ...changes }));
  const list = query.data?.events;
  return html`<${Heading} title="Events">${list ? `${number(list.totalCount)} kept events match, newest first.` : "What changed between snapshots, newest first."} ${!after && !at && "New ones appear by themselves."}<//>
    <div class="filters">
      <${Select} label="What happened" value=${type} options=${Object.entries(EVENT).map(([name, { label }]) => [name, label])} onChange=${(/** @type {any} */ e) => set({ type: e.target.value || null })} />
      <label class="field wide">To which node or seed<input type="search" value=${subject} spellcheck=${false} maxlength=${MAX_SUBJECT} placeholder="Key, address or name of a seed" onChange=${(/** @type {any} */ e) => set({ subject: e.target.value.trim() || null })} /></label>
    </div>
    <${Trouble} query=${query} />
    ${!list ? !query.error && html`<${Skeleton} lines=${10} />` : html`<${Card} class=${query.loading ? "busy" : ""}><${EventList} events=${list.nodes} empty="No kept event matches." /><//>
    <${Pager} shown=${list.nodes.length} total=${list.totalCount} what="events" info=${{ hasNextPage: list.pageInfo.hasNextPage, endCursor: list.pageInfo.endCursor }} first=${!after} onPage=${(/** @type {any} */ changes) => set(changes)} />`}`;
}
