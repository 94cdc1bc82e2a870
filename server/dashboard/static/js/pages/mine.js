/** Everything that an operator needs each morning, for the nodes in the URL. */
import { useQuery } from "../lib/data.js";
import { iso, number } from "../lib/format.js";
import { newest } from "../lib/news.js";
import { nextStep } from "../lib/score.js";
import { keepMyKeys, myKeys } from "../lib/preferences.js";
import { changed, go, href, place } from "../lib/router.js";
import { html, useEffect, useState, useStore } from "../lib/view.js";
import { STATUS, TIER } from "../lib/words.js";
import { Badge, Card, Empty, Heading, NodeLink, Notice, Num, Percent, Skeleton, Span, Stat, Time, Trouble, Unknown } from "../ui/basic.js";
import { Spark, Strip } from "../ui/chart.js";
import { AlertList, EventList } from "../ui/events.js";
import { Step } from "../ui/scorecard.js";

const MAX = 10;
const HOUR_MS = 3_600_000;
const STRIP_HOURS = 48;

export default function Mine() {
  const { params } = useStore(place);
  const latest = useStore(newest);
  const given = (params.get("keys") ?? "").split(",").map((key) => key.trim().slice(0, 200)).filter(Boolean);
  const keys = [...new Set(given)].slice(0, MAX);
  const at = params.get("asOf");
  useEffect(() => {
    if (given.length) keepMyKeys(keys);
    else if (myKeys().length) go(changed({ keys: myKeys().slice(0, MAX).join(",") }), { replace: true });
  }, [params.get("keys")]);
  const set = (/** @type {string[]} */ next) => {
    keepMyKeys(next);
    go(changed({ keys: next.join(",") || null }));
  };
  const query = useQuery("Mine", { keys, asOf: at || undefined }, { enabled: keys.length > 0 });
  const end = at ? Date.parse(at) : latest ? Date.parse(latest.slotStart) : 0;
  const past = useQuery("MinePast", { keys, from: iso(Math.floor(end / HOUR_MS) * HOUR_MS - (STRIP_HOURS - 1) * HOUR_MS), to: at ? iso(end) : undefined, asOf: at || undefined }, { enabled: keys.length > 0 && end > 0 });
  const nodes = query.data?.pnodes.nodes ?? [];
  const found = new Set(nodes.flatMap(({ id, address }) => [id, address]));
  const lost = query.data ? keys.filter((key) => !found.has(key)) : [];
  return html`<${Heading} title="My nodes">One page for each morning: whether they are all right, what to do, and what changed. The address bar holds your keys, so a bookmark keeps them.<//>
    <${Keys} keys=${keys} set=${set} />
    <${Trouble} query=${query} />
    ${!keys.length ? html`<${Card}><${Empty}>Add the address or the public key of a node.<//><//>` : !query.data ? !query.error && html`<${Skeleton} lines=${8} />` : html`
    <${Verdict} nodes=${nodes} lost=${lost} />
    ${lost.map((key) => html`<${Notice} key=${key} tone="warn" title="Not found:"><bdi class="mono">${key}</bdi> is no current address or key. <a href=${href("node", key.includes(":") && !key.startsWith("addr:") ? { address: key } : { id: key })}>Look among former ones</a>.<//>`)}
    <div class="cols">${nodes.map((node) => html`<${Mine1} key=${node.id} node=${node} data=${query.data} past=${past.data?.pnodes.nodes.find(({ id }) => id === node.id)} end=${end} />`)}</div>
    <${Card} title="What changed in the last 48 hours" id="changes" more=${past.data && `${number(past.data.events.totalCount)} in all`}><${Trouble} query=${past} />${past.data ? html`<${EventList} events=${past.data.events.nodes} empty="Nothing happened to your nodes." />` : !past.error && html`<${Skeleton} />`}<//>`}`;
}

function Keys({ keys, set }) {
  const [text, setText] = useState("");
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    const more = text.split(/[\s,]+/).filter(Boolean);
    if (more.length) set([...keys, ...more].slice(0, MAX));
    setText("");
  };
  return html`<form class="filters" onSubmit=${add}>
    ${keys.map((/** @type {string} */ key) => html`<button type="button" class="button" key=${key} aria-label=${`Remove ${key}`} onClick=${() => set(keys.filter((/** @type {string} */ each) => each !== key))}><bdi class="mono clip">${key}</bdi> ×</button>`)}
    ${keys.length < MAX && html`<label class="field wide">Add a node<input value=${text} spellcheck=${false} autocomplete="off" placeholder="Address or public key" onInput=${(/** @type {any} */ e) => setText(e.target.value)} /></label><button class="button primary">Add</button>`}
  </form>`;
}

function Verdict({ nodes, lost }) {
  const down = nodes.filter((/** @type {any} */ n) => n.status !== "ONLINE").length;
  const urgent = nodes.filter((/** @type {any} */ n) => n.alerts.some((/** @type {any} */ a) => a.severity !== "INFO")).length;
  if (!nodes.length) return null;
  if (down || urgent) return html`<${Notice} tone=${down ? "bad" : "warn"} title=${down ? `${number(down)} of ${number(nodes.length)} are not online.` : "All are online."}>${urgent ? `${number(urgent)} have alerts to act on.` : ""}<//>`;
  return html`<${Notice} tone="good" title=${nodes.length === 1 ? "Your node is all right." : "All your nodes are all right."}>${lost.length ? "Of those that were found." : "Nothing asks for your attention."}<//>`;
}

function Mine1({ node, data, past, end }) {
  const step = nextStep(node);
  const hours = new Map((past?.history.points ?? []).map((/** @type {any} */ p) => [Date.parse(p.start), p]));
  const first = Math.floor(end / HOUR_MS) * HOUR_MS - (STRIP_HOURS - 1) * HOUR_MS;
  const cells = Array.from({ length: STRIP_HOURS }, (_, i) => {
    const p = hours.get(first + i * HOUR_MS);
    return { start: iso(first + i * HOUR_MS), share: p?.onlineShare ?? null, samples: p?.samples ?? 0, expected: p?.expected ?? 0, score: p?.estimate?.avg ?? null };
  });
  return html`<${Card} title=${html`<${NodeLink} id=${node.id} address=${node.address} />`} id=${`n-${node.id.slice(0, 12)}`} more=${html`<${Badge} ...${STATUS[node.status]} />`}>
    <dl class="stats">
      <${Stat} label="Score" note=${node.score && html`<${Badge} ...${TIER[node.tier]} />`}><${Num} value=${node.score?.composite} digits=${1} why="only online nodes have a score" /><//>
      <${Stat} label="Rank" note=${`of ${number(data.now.totals.online)} online`}><${Num} value=${node.score?.rank} why="only online nodes have a rank" /><//>
      <${Stat} label="Seen online" note="7 days"><${Percent} value=${past?.availability?.percent} digits=${2} why="there are too few samples" /><//>
      <${Stat} label="Uptime"><${Span} value=${node.uptime} why="no seed reported it" /><//>
      <${Stat} label="Version" note=${node.versionsBehind === null ? "" : node.versionsBehind > 0 ? `${number(node.versionsBehind)} behind` : "latest"}>${node.version ? html`<bdi class="mono small clip">${node.version}</bdi>` : html`<${Unknown} why="no seed reported it" />`}<//>
      <${Stat} label="Last proof of life"><span class="small"><${Time} at=${node.aliveAt} relative why="it never showed any" /></span><//>
    </dl>
    ${past && html`<div><h3>Last 48 hours</h3><${Strip} day=${false} label="Availability of the last 48 hours" cells=${cells} /><${Spark} values=${cells.map(({ score }) => score)} label="Score of the last 48 hours" /></div>`}
    ${step && html`<${Step} step=${step} />`}
    <div><h3>Alerts</h3><${AlertList} alerts=${node.alerts} subjects=${false} empty="Nothing is wrong with it." /></div>
  <//>`;
}
