/** One node: how good, why, and since when; what is wrong and what to do; who says so. */
import { useQuery } from "../lib/data.js";
import { bytes, duration, iso, number, percent } from "../lib/format.js";
import { newest } from "../lib/news.js";
import { keepMyKeys, myKeys } from "../lib/preferences.js";
import { href, place, useParam } from "../lib/router.js";
import { html, useMemo, useState, useStore } from "../lib/view.js";
import { BASIS, FAILURE, LEVEL, MISSING, STATUS, STEADINESS, spaced } from "../lib/words.js";
import { Badge, Bytes, Card, Choice, Copy, Empty, Heading, NodeLink, Notice, Num, Percent, Skeleton, Span, Time, Trouble, Unknown } from "../ui/basic.js";
import { columns, Strip, TimeChart } from "../ui/chart.js";
import { AlertList, EventList } from "../ui/events.js";
import { ScoreCard } from "../ui/scorecard.js";

/** @type {Record<string, [hours: number, resolution: "RAW" | "M5" | "H1" | "D1", stepMs: number]>} */
const RANGES = { "2h": [2, "RAW", 60_000], "24h": [24, "M5", 300_000], "7d": [168, "H1", 3_600_000], "30d": [720, "H1", 3_600_000], "90d": [2_160, "D1", 86_400_000] };
const DAY_MS = 86_400_000;
const MAX_RAW = 400;

export default function Node() {
  const { params } = useStore(place);
  const id = params.get("id") ?? "";
  const address = params.get("address") ?? "";
  const query = useQuery("Node", { ...(id ? { id } : { address }), asOf: params.get("asOf") || undefined }, { enabled: Boolean(id || address) });
  if (!id && !address) return html`<${Heading} title="Node">Choose one from <a href=${href("nodes")}>all nodes</a>.<//>`;
  const node = query.data?.pnode;
  if (!query.data) return html`<${Heading} title="Node" /><${Trouble} query=${query} />${!query.error && html`<${Skeleton} lines=${10} />`}`;
  if (!node) return html`<${Heading} title="No such node"><bdi class="mono">${(id || address).slice(0, 200)}</bdi> is not known${params.get("asOf") ? " at that time" : ""}. <a href=${href("nodes", { q: id || address })}>Search for it</a>.<//>`;
  return html`<${Title} node=${node} /><${Trouble} query=${query} /><${Now} node=${node} data=${query.data} /><${Past} node=${node} now=${query.data.now} />`;
}

function Title({ node }) {
  const [mine, setMine] = useState(() => myKeys().includes(node.id));
  const toggle = () => {
    const others = myKeys().filter((key) => key !== node.id);
    keepMyKeys(mine ? others : [...others, node.id]);
    setMine(!mine);
  };
  return html`<${Heading} title=${html`<bdi class="mono title">${node.address ?? node.id}</bdi>`} actions=${html`
      <button type="button" class="button" aria-pressed=${mine} onClick=${toggle}>${mine ? "✓ One of my nodes" : "This is my node"}</button>
      <a class="button" href=${href("compare", { nodes: node.address ?? node.id })}>Compare</a>`}>
      <${Badge} ...${STATUS[node.status]} /> ${node.isSeed && html`<${Badge} tone="accent" label="Seed" />`} ${BASIS[node.livenessBasis] ?? ""}
    <//>
    ${node.keyConflict && html`<${Notice} tone="bad" title="Its key is live at two addresses at once.">Two machines run with the same identity. Stop one of them, or give it a key of its own.<//>`}
    ${!node.supported && html`<${Notice} tone="warn" title="Too few seeds list it.">It is shown here, but counts in nothing that is said of the network.<//>`}`;
}

function Now({ node, data }) {
  return html`<div class="cols">
    <${Card} title="Score" id="score"><${ScoreCard} node=${node} online=${data.now.totals.online} /><//>
    <div class="stackup">
      <${Card} title="Alerts" id="alerts"><${AlertList} alerts=${node.alerts} subjects=${false} empty="Nothing is wrong with it." /><//>
      <${Facts} node=${node} data=${data} />
    </div>
  </div>`;
}

function Facts({ node, data }) {
  const why = Object.fromEntries(node.provenance.missing.map((/** @type {any} */ each) => [each.field, MISSING[each.reason] ?? each.reason]));
  return html`<${Card} title="What is known" id="facts"><dl class="facts">
    <dt>Address</dt><dd>${node.address ? html`<bdi class="mono">${node.address}</bdi> <${Copy} text=${node.address} what="the address" />${node.addressAssumed && html` <span class="note">the port is a guess</span>`}` : html`<${Unknown} why="no seed lists a usable one" />`}</dd>
    <dt>Key</dt><dd>${node.pubkey ? html`<bdi class="mono">${node.pubkey}</bdi> <${Copy} text=${node.pubkey} what="the public key" />` : html`<${Unknown} why="none or no valid one is reported" />`}</dd>
    <dt>Version</dt><dd>${node.version ? html`<bdi class="mono">${node.version}</bdi>` : html`<${Unknown} why=${why.version} />`} ${node.versionsBehind > 0 && html`<${Badge} tone="warn" label=${`${number(node.versionsBehind)} behind ${data.now.latestVersion ?? "the latest"}`} />`}</dd>
    <dt>Uptime</dt><dd><${Span} value=${node.uptime} why=${why.uptime} /></dd>
    <dt>Committed</dt><dd><${Bytes} value=${node.storageCommitted} why=${why.storageCommitted} /></dd>
    <dt>Used</dt><dd><${Bytes} value=${node.storageUsed} why=${why.storageUsed} />${node.storageUsagePercent !== null && html` (<${Percent} value=${node.storageUsagePercent} />)`}</dd>
    <dt>Growth, 7 days</dt><dd><${Percent} value=${node.storageGrowth === null ? null : node.storageGrowth * 100} why="there is less than a day of data" /></dd>
    <dt>RPC</dt><dd>${node.isPublic === null ? html`<${Unknown} why=${why.isPublic} />` : node.isPublic ? "public" : "private"}${node.rpcPort !== null && html`, port <span class="num">${node.rpcPort}</span>`}</dd>
    <dt>Listed by</dt><dd><${Num} value=${node.witnessCount} /> of ${number(data.now.totals.seedsOk)} seeds that answered</dd>
    <dt>Last proof of life</dt><dd><${Time} at=${node.aliveAt} relative why="it never showed any" /></dd>
    <dt>Last gossip</dt><dd><${Time} at=${node.lastSeen} relative why="gossip does not say" /></dd>
    <dt>First heard of</dt><dd><${Time} at=${node.firstSeen} /></dd>
    ${node.operator && html`<dt>Same key at</dt><dd><${Num} value=${node.operator.addressCount} /> ${node.operator.addressCount === 1 ? "address" : "addresses"}, <${Num} value=${node.operator.onlineAddressCount} /> of them live</dd>`}
  </dl><//>`;
}

function Past({ node, now }) {
  const [range, setRange] = useParam("range", "24h");
  const { params } = useStore(place);
  const latest = useStore(newest);
  const [hours, wanted, step] = RANGES[range] ?? RANGES["24h"];
  // Raw points last an interval: short intervals give more of them than a question may cost.
  const resolution = wanted === "RAW" && (hours * 3_600) / now.interval > MAX_RAW ? "M5" : wanted;
  const at = params.get("asOf");
  const end = at ? Date.parse(at) : Date.parse(latest?.slotStart ?? now.slotStart);
  const to = at ? iso(end) : undefined;
  const query = useQuery("NodePast", { id: node.id, subject: node.id, from: iso(Math.floor(end / step) * step - hours * 3_600_000), to, resolution, month: iso(Math.floor(end / DAY_MS) * DAY_MS - 29 * DAY_MS), asOf: at || undefined });
  const past = query.data?.pnode;
  const lines = useMemo(() => past && columns(past.history.points, { estimate: (p) => p.estimate?.avg, score: (p) => p.score?.avg, trust: (p) => p.trust?.avg, capacity: (p) => p.capacity?.avg, committed: (p) => p.storageCommitted?.last, used: (p) => p.storageUsed?.last, uptime: (p) => p.uptime?.last, seeds: (p) => p.witnesses?.avg }, past.history.resolution, now.interval), [past]);
  const points = (/** @type {number} */ v) => number(v, 1);
  return html`<div class="heading second"><h2>Over time</h2><${Choice} label="Range" value=${range} options=${Object.keys(RANGES).map((name) => [name, name])} onPick=${setRange} /></div>
    <${Trouble} query=${query} />
    ${!past || !lines ? !query.error && (query.data ? html`<${Empty}>Nothing is kept of it.<//>` : html`<${Skeleton} />`) : html`
    <${Card} title="Seen online, day by day" id="strip" more=${html`<span class="badges">${[{ label: "24 hours", each: past.day }, { label: "7 days", each: past.week }, { label: "30 days", each: past.thirty }].map(({ label, each }) => html`<span key=${label}>${label}: <${Percent} value=${each?.percent} digits=${2} why="there are too few samples" /></span>`)}</span>`}>
      <${Strip} day label="Availability of the last 30 days" cells=${days(past.month.points, end)} /><//>
    ${past.history.truncated && html`<${Notice} title="The range reaches further back than is kept at this resolution." />`}
    <div class=${`grid charts ${query.loading ? "busy" : ""}`}>
      <${Card}><${TimeChart} title="Score" times=${lines.times} series=${[{ label: "score", values: lines.values.estimate, color: "--c1", fill: true }, { label: "by policy 1.0", values: lines.values.score, color: "--c4" }, { label: "its trust", values: lines.values.trust, color: "--c2" }, { label: "its capacity", values: lines.values.capacity, color: "--c3" }].filter(({ label, values }) => label === "score" || values.some((each) => each !== null))} format=${points} min=${0} max=${100} /><//>
      <${Card}><${TimeChart} title="Storage" times=${lines.times} series=${[{ label: "committed", values: lines.values.committed, color: "--c5" }, { label: "used", values: lines.values.used, color: "--c1", fill: true }]} format=${bytes} min=${0} /><//>
      <${Card}><${TimeChart} title="Uptime" times=${lines.times} series=${[{ label: "uptime", values: lines.values.uptime, color: "--c2", fill: true }]} format=${duration} ticks=${(/** @type {number} */ v) => duration(v).split(" ").slice(0, 2).join(" ")} min=${0} /><//>
      <${Card}><${TimeChart} title="Seeds that list it" times=${lines.times} series=${[{ label: "seeds", values: lines.values.seeds, color: "--c4" }]} format=${points} min=${0} /><//>
    </div>`}
    <div class="cols">
      <${Card} title="What happened to it" id="log" more=${query.data && html`<a href=${href("events", { subject: node.id })}>All ${number(query.data.events.totalCount)}</a>`}>${query.data ? html`<${EventList} events=${query.data.events.nodes} subjects=${false} empty="Nothing was recorded." />` : !query.error && html`<${Skeleton} />`}<//>
      <div class="stackup"><${Words} node=${node} /><${Steady} node=${node} /><${Before} node=${node} /></div>
    </div>`;
}

/** Thirty cells, one a day; days without a bucket are gaps. @param {any[]} points @param {number} end */
function days(points, end) {
  const found = new Map(points.map((point) => [point.start.slice(0, 10), point]));
  return Array.from({ length: 30 }, (_, i) => {
    const start = iso(Math.floor(end / DAY_MS) * DAY_MS - (29 - i) * DAY_MS);
    const point = found.get(start.slice(0, 10));
    return { start, share: point?.onlineShare ?? null, samples: point?.samples ?? 0, expected: point?.expected ?? 0 };
  });
}

function Words({ node }) {
  const { provenance, probe } = node;
  return html`<${Card} title="Who says so" id="words"><dl class="facts">
      <dt>Word of</dt><dd>${provenance.seed ? html`<bdi class="mono">${provenance.seed}</bdi>` : html`<${Unknown} why="no seed gave the values" />`}</dd>
      <dt>Given</dt><dd><${Time} at=${provenance.observedAt} relative why="nobody gave any" /></dd>
      ${provenance.ownFields.length > 0 && html`<dt>Its own word</dt><dd>${provenance.ownFields.map(spaced).join(", ")}</dd>`}
      <dt>Listed by</dt><dd>${node.witnesses.length ? node.witnesses.map((/** @type {string} */ seed, /** @type {number} */ i) => html`${i ? ", " : ""}<bdi class="mono">${seed}</bdi>`) : "nobody who answered"}</dd>
    </dl>
    ${provenance.missing.length > 0 && html`<div><h3>Not known</h3><ul class="plain">${provenance.missing.map((/** @type {any} */ each) => html`<li key=${each.field}>${spaced(each.field)}: ${MISSING[each.reason] ?? each.reason}</li>`)}</ul></div>`}
    ${provenance.disagreements.length > 0 && html`<details><summary>${number(provenance.disagreements.length)} fields on which the seeds differ</summary>${provenance.disagreements.map((/** @type {any} */ each) => html`<div key=${each.field}><h3>${spaced(each.field)}</h3><ul class="plain">${each.values.map((/** @type {any} */ value) => html`<li key=${value.value}><bdi class="mono">${value.value}</bdi> <span class="note">by ${value.seeds.join(", ")}</span></li>`)}</ul></div>`)}</details>`}
    <h3>Asked directly</h3>
    ${probe?.at ? html`<p>${probe.reachable ? html`It answered <${Time} at=${probe.at} relative />${probe.latencyMs !== null ? html` in <${Num} value=${probe.latencyMs} unit=" ms" />` : ""}${probe.contradicts.length ? html`, and contradicts the seeds in ${probe.contradicts.map(spaced).join(", ")}` : ""}.` : html`It did not answer <${Time} at=${probe.at} relative />: ${FAILURE[probe.failure] ?? "no answer"}.`}</p>` : html`<p class="note">It has not been asked.</p>`}
  <//>`;
}

function Steady({ node }) {
  const each = node.consistency;
  return html`<${Card} title="Steadiness in gossip" id="steady" more=${each && html`<${Badge} ...${STEADINESS[each.status]} />`}>${each ? html`<dl class="facts">
    <dt>${number(each.windowDays)} days</dt><dd><${Percent} value=${each.score === null ? null : each.score * 100} why="it was not observed long enough" /></dd>
    <dt>Since first seen</dt><dd><${Percent} value=${each.allTime === null ? null : each.allTime * 100} why="it was not observed long enough" /></dd>
    <dt>Appeared, dropped</dt><dd><${Num} value=${each.appearances} />, <${Num} value=${each.disappearances} /></dd>
    <dt>Last drop</dt><dd>${each.lastDrop ? html`<${Time} at=${each.lastDrop} relative />` : "never"}</dd>
  </dl>${each.advice.map((/** @type {any} */ advice) => html`<p key=${advice.message}><${Badge} ...${LEVEL[advice.level]} /> ${advice.message} <span class="note">${advice.action}</span></p>`)}` : html`<${Empty}>It was not observed long enough.<//>`}<//>`;
}

function Before({ node }) {
  return html`<${Card} title="Addresses and versions" id="before">
    ${node.sightings.length > 1 && html`<h3>Listed now at</h3><ul class="plain">${node.sightings.map((/** @type {any} */ each) => html`<li key=${each.address}><bdi class="mono">${each.address}</bdi> <${Badge} ...${STATUS[each.status]} /></li>`)}</ul>`}
    <h3>Addresses before</h3>${node.previousAddresses.length ? html`<ul class="plain">${node.previousAddresses.map((/** @type {any} */ each) => html`<li key=${each.address}><bdi class="mono">${each.address}</bdi> <span class="note">until <${Time} at=${each.until} /></span></li>`)}</ul>` : html`<p class="note">None is known.</p>`}
    <h3>Versions before</h3>${node.previousVersions.length ? html`<ul class="plain">${node.previousVersions.map((/** @type {any} */ each) => html`<li key=${each.version}><bdi class="mono">${each.version}</bdi> <span class="note">until <${Time} at=${each.until} /></span></li>`)}</ul>` : html`<p class="note">None is known.</p>`}
  <//>`;
}
