/** The network at a glance: health and what it costs, who lives, what changed, whom to stake with. */
import { useQuery } from "../lib/data.js";
import { bytes, iso, number, percent, signed, signedBytes } from "../lib/format.js";
import { href, place, useParam } from "../lib/router.js";
import { newest } from "../lib/news.js";
import { html, useMemo, useStore } from "../lib/view.js";
import { GRADE, HEALTH, LEVEL, STATUS, TIER } from "../lib/words.js";
import { Badge, Bytes, Card, Choice, Empty, Heading, Meter, NodeLink, Notice, Num, Percent, Ring, Skeleton, Span, Stat, Trouble } from "../ui/basic.js";
import { columns, TimeChart } from "../ui/chart.js";
import { AlertList, EventList } from "../ui/events.js";
import { FirstRun } from "./firstrun.js";

// No range has more than some 300 points: five series of them stay below the cost that an operation may have.
/** @type {Record<string, [hours: number, resolution: "M5" | "H1" | "D1", stepMs: number]>} */
const RANGES = { "6h": [6, "M5", 300_000], "24h": [24, "M5", 300_000], "7d": [168, "H1", 3_600_000], "30d": [720, "D1", 86_400_000], "90d": [2_160, "D1", 86_400_000] };
const COLORS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"];

export default function Overview() {
  const { params } = useStore(place);
  const at = params.get("asOf") || undefined;
  const query = useQuery("Overview", { asOf: at });
  if (query.error?.code === "SNAPSHOT_UNAVAILABLE" && !query.data) return html`<${FirstRun} retry=${query.retry} />`;
  const { data } = query;
  return html`<${Heading} title="Overview">${data ? html`${number(data.now.totals.online)} of ${number(data.now.totals.inGossip)} nodes in gossip live, by the word of ${number(data.now.totals.seedsOk)} of ${number(data.now.totals.seedsConfigured)} seeds.` : "How the network is doing."}<//>
    <${Trouble} query=${query} />
    ${data ? html`<${Present} data=${data} />` : html`<${Skeleton} lines=${8} />`}
    <${Past} interval=${data?.now.interval ?? 60} />`;
}

function Present({ data }) {
  const { now, networkHealth: health, networkAnalytics: analytics, alerts, recommendations } = data;
  const { totals } = now;
  return html`
    ${health.alerts.map((/** @type {any} */ alert) => html`<${Notice} key=${alert.type} tone=${LEVEL[alert.level]?.tone ?? "info"} title=${alert.message}>${alert.recommendation}<//>`)}
    <div class="grid overview">
      <${Health} health=${health} policy=${data.scorePolicy.health} />
      <${Card} title="Liveness" id="lives" more=${html`<a href=${href("nodes")}>All nodes</a>`}>
        <${Live} totals=${totals} />
        <dl class="stats three">
          <${Stat} label="Mean score"><${Num} value=${totals.avgScore} digits=${1} why="no node has a score" /><//>
          <${Stat} label="Median uptime"><${Span} value=${totals.medianUptimeSeconds} why="no uptime is known" /><//>
          <${Stat} label="RPC is public"><${Num} value=${totals.public} /><//>
        </dl>
      <//>
      <${Card} title="Where to stake" id="stake" more=${html`<a href=${href("recommendations")}>Why, and more</a>`}>
        ${recommendations.nodes.length ? html`<ol class="picks">${recommendations.nodes.map(({ pnode, score, reasons }, /** @type {number} */ i) => html`<li key=${pnode.id}>
          <span class="place" aria-hidden="true">${i + 1}</span><div><${NodeLink} id=${pnode.id} address=${pnode.address} short /><p class="note">${reasons.slice(0, 2).join(" · ")}</p></div>
          <span class="big num">${score?.composite === null || score?.composite === undefined ? "—" : number(score.composite, 1)}</span></li>`)}</ol>` : html`<${Empty}>No node meets the demands (7 days of uptime, online) yet.<//>`}
        <p class="note">${number(recommendations.totalCount)} of ${number(recommendations.evaluated)} nodes meet every demand.</p>
      <//>
      <${Card} title="Alerts" id="alerts" more=${html`<a href=${href("alerts")}>All ${number(alerts.summary.total)}</a>`}>
        <div class="badges">
          <a href=${href("alerts", { severity: "CRITICAL" })}><${Badge} tone="bad" label=${`${number(alerts.summary.critical)} critical`} /></a>
          <a href=${href("alerts", { severity: "WARNING" })}><${Badge} tone="warn" label=${`${number(alerts.summary.warning)} ${alerts.summary.warning === 1 ? "warning" : "warnings"}`} /></a>
          <a href=${href("alerts", { severity: "INFO" })}><${Badge} tone="info" label=${`${number(alerts.summary.info)} for information`} /></a>
        </div>
        <${AlertList} alerts=${alerts.nodes} />
      <//>
      <${Versions} versions=${analytics.versions} online=${totals.online} />
      <${Card} title="Storage" id="storage" more=${html`<${Badge} ...${GRADE[analytics.storage.grade]} />`}>
        <dl class="stats two">
          <${Stat} label="Committed" note=${html`median <${Bytes} value=${totals.medianStorageCommitted} quiet />`}><${Bytes} value=${totals.storageCommitted} /><//>
          <${Stat} label="Used" note=${html`<${Percent} value=${totals.avgStorageUsagePercent} quiet /> of a node, on average`}><${Bytes} value=${totals.storageUsed} /><//>
        </dl>
        <${Bars} label="Online nodes by use of storage" rows=${[["under 10 %", analytics.storage.distribution.empty], ["10 to 30 %", analytics.storage.distribution.low], ["30 to 70 %", analytics.storage.distribution.optimal], ["70 to 90 %", analytics.storage.distribution.high], ["90 % or more", analytics.storage.distribution.critical], ["not known", analytics.storage.distribution.unknown]]} />
      <//>
    </div>
    ${analytics.advice.length > 0 && html`<${Card} title="What the figures advise" id="advice"><ul class="alerts">${analytics.advice.map((/** @type {any} */ each) => html`<li key=${each.category + each.message}><${Badge} ...${LEVEL[each.level]} /><div>${each.message}<p class="note">${each.recommendation} ${each.action}</p></div></li>`)}</ul><//>`}`;
}

function Health({ health, policy }) {
  const tone = HEALTH[health.status]?.tone ?? "mute";
  const rows = health.factors && [
    ["Availability", health.factors.availability, policy.availabilityPoints, "Online nodes of all nodes."],
    ["Same version", health.factors.versionConsistency, policy.versionPoints, "Share of the most common version."],
    ["Quality of nodes", health.factors.nodeQuality, policy.qualityPoints, "Mean score of online nodes."],
    ["Connectivity", health.factors.connectivity, policy.connectivityPoints, `Mean number of seeds that list a node; full from ${policy.connectivityFull} on.`],
  ];
  return html`<${Card} title="Health" id="health" class="health" more=${html`<${Badge} ...${HEALTH[health.status]} />`}>
    <div class="health-body"><${Ring} value=${health.score} tone=${tone} label=${`Network health: ${health.score === null ? "not known" : `${number(health.score, 1)} of 100 points`}`} />
    ${rows ? html`<table class="parts"><caption class="sr">What health is made of, and what each part costs</caption><thead class="sr"><tr><th scope="col">Part</th><th scope="col">Share</th><th scope="col">Points</th><th scope="col">Lost</th></tr></thead><tbody>
      ${rows.map(([label, value, max, hint]) => html`<tr key=${label}><th scope="row"><span class="tip" tabindex="0" data-tip=${hint}>${label}</span></th>
        <td><${Meter} value=${value} max=${max} label=${value === null ? "not known" : `${number(value, 1)} of ${number(max)} points`} /></td>
        <td class="num right">${value === null ? "—" : number(value, 1)}<span class="of"> / ${number(max)}</span></td><td class="num right cost">${value === null ? "" : max - value < 0.05 ? "" : `−${number(max - value, 1)}`}</td></tr>`)}
    </tbody></table>` : html`<${Empty}>There are no nodes yet.<//>`}</div>
  <//>`;
}

function Live({ totals }) {
  const rows = [["ONLINE", totals.online], ["GHOST", totals.ghost], ["UNKNOWN", totals.unknown], ["OFFLINE", totals.offline]];
  const sum = rows.reduce((all, [, count]) => all + Number(count), 0);
  let x = 0;
  return html`<svg class="stack" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${rows.map(([name, count]) => `${STATUS[name].label} ${count}`).join(", ")}>
    ${rows.map(([name, count]) => {
      const width = sum ? (Number(count) / sum) * 100 : 0;
      const from = x;
      x += width;
      return width > 0 && html`<rect key=${name} class=${STATUS[name].tone} x=${from} width=${Math.max(0.3, width - 0.4)} height="8" />`;
    })}</svg>
    <ul class="keys">${rows.map(([name, count]) => html`<li key=${name}><a href=${href("nodes", { status: name })}><${Badge} tone=${STATUS[name].tone} label=${STATUS[name].label} hint=${STATUS[name].hint} /> <span class="num">${number(count)}</span></a></li>`)}</ul>
    ${totals.unsupported > 0 && html`<p class="note">${number(totals.unsupported)} more nodes are listed by too few seeds to count.</p>`}`;
}

function Versions({ versions, online }) {
  const rows = versions.distribution.slice(0, 6).map((/** @type {any} */ each) => [each.version, each.count]);
  const rest = versions.distribution.slice(6).reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.count, 0);
  return html`<${Card} title="Versions" id="versions" more=${html`<${Badge} ...${GRADE[versions.grade]} />`}>
    <p class="note">${versions.latestVersion ? html`Latest release: <bdi class="mono">${versions.latestVersion}</bdi>, run by <${Percent} value=${versions.compliancePercent} quiet /> of online nodes.` : "The latest release could not be told."}</p>
    <${Bars} label="Online nodes by version" total=${online} rows=${[...rows.map(([name, count]) => [name ?? "not known", count, name && href("nodes", { version: name, status: "ONLINE" })]), ...(rest ? [[`${versions.distribution.length - 6} others`, rest]] : [])]} />
  <//>`;
}

/** Counts as bars with their words. @param {{rows: any[][], label: string, total?: number}} bars */
export function Bars({ rows, label, total = 0 }) {
  const most = Math.max(1, ...rows.map(([, count]) => Number(count)));
  return html`<table class="bars"><caption class="sr">${label}</caption><tbody>${rows.map(([name, count, link]) => html`<tr key=${name}>
    <th scope="row">${link ? html`<a href=${link}><bdi title=${name}>${name}</bdi></a>` : html`<bdi title=${name}>${name}</bdi>`}</th>
    <td class="bar"><${Meter} value=${count} max=${total || most} label=${`${number(count)} nodes`} /></td><td class="num right">${number(count)}</td></tr>`)}</tbody></table>`;
}

function Past({ interval }) {
  const [range, setRange] = useParam("range", "24h");
  const { params } = useStore(place);
  const latest = useStore(newest);
  const [hours, resolution, step] = RANGES[range] ?? RANGES["24h"];
  const at = params.get("asOf");
  // Aligned to the step, so that the same question is asked until there is another point.
  const end = at ? Date.parse(at) : latest ? Date.parse(latest.slotStart) : 0;
  const aligned = Math.floor(end / step) * step;
  const day = Math.floor(end / 300_000) * 300_000 - 86_400_000;
  const query = useQuery("OverviewPast", { from: iso(aligned - hours * 3_600_000), to: at ? iso(end) : undefined, since: iso(day), until: at ? iso(end) : undefined, resolution }, { enabled: end > 0 });
  const changes = useQuery("Changes", { since: iso(day) }, { enabled: end > 0 && !at, live: false });
  const history = query.data?.history;
  const lines = useMemo(() => history && columns(history.points, { online: (p) => p.online?.avg, ghost: (p) => p.ghost?.avg, health: (p) => p.healthScore?.avg, score: (p) => p.avgScore?.avg, committed: (p) => p.storageCommitted?.last, used: (p) => p.storageUsed?.last }, history.resolution, interval), [history]);
  const adoption = useMemo(() => (query.data ? adopted(query.data.versionAdoption) : null), [query.data]);
  return html`<div class="heading second"><h2>Over time</h2><${Choice} label="Range" value=${range} options=${Object.keys(RANGES).map((name) => [name, name])} onPick=${setRange} /></div>
    <${Trouble} query=${query} />
    ${changes.data && html`<${Changed} data=${changes.data} />`}
    ${lines ? html`<div class=${`grid charts ${query.loading ? "busy" : ""}`}>
      <${Card}><${TimeChart} title="Nodes" times=${lines.times} series=${[{ label: "online", values: lines.values.online, color: "--c1", fill: true }, { label: "ghosts", values: lines.values.ghost, color: "--c3" }]} format=${number} min=${0} /><//>
      <${Card}><${TimeChart} title="Health and mean score" times=${lines.times} series=${[{ label: "health", values: lines.values.health, color: "--c2" }, { label: "mean score", values: lines.values.score, color: "--c4" }]} format=${(/** @type {number} */ v) => number(v, 1)} min=${0} max=${100} /><//>
      <${Card}>${adoption && html`<${TimeChart} title="Adoption of versions" times=${adoption.times} series=${adoption.series} format=${(/** @type {number} */ v) => percent(v)} min=${0} max=${100} />`}<//>
      <${Card}><${TimeChart} title="Storage of online nodes" times=${lines.times} series=${[{ label: "committed", values: lines.values.committed, color: "--c5" }, { label: "used", values: lines.values.used, color: "--c1", fill: true }]} format=${bytes} min=${0} /><//>
    </div>` : !query.error && html`<${Skeleton} lines=${5} />`}
    ${query.data && html`<${Card} title="What happened in the last 24 hours" id="events" more=${html`<a href=${href("events")}>All ${number(query.data.events.totalCount)}</a>`}><${EventList} events=${query.data.events.nodes} /><//>`}`;
}

function Changed({ data }) {
  const { growth } = data;
  const hours = growth.seconds === null ? null : Math.round(growth.seconds / 3_600);
  /** @type {[string, any, (value: any) => string][]} */
  const rows = [["Nodes online", growth.online, signed], ["Health", growth.health, (v) => signed(v, 1)], ["Mean score", growth.score, (v) => signed(v, 1)], ["Committed", growth.storageCommitted, signedBytes], ["Used", growth.storageUsed, signedBytes]];
  /** @type {[string, string, string][]} */
  const counts = [["joined", "joined", "JOINED"], ["left", "left", "LEFT"], ["restarted", "restarted", "RESTARTED"], ["upgraded", "changed version", "VERSION_CHANGED"], ["status", "changed status", "STATUS_CHANGED"]];
  return html`<${Card} title="Since yesterday" id="yesterday" more=${hours !== null && hours < 24 && html`<span class="note">compared with ${hours < 1 ? "less than an hour" : `${hours} h`} ago: there is no older snapshot</span>`}>
    <dl class="stats five">${rows.map(([label, change, format]) => html`<${Stat} key=${label} label=${label}>${change?.delta === null || change?.delta === undefined ? html`<${Num} value=${null} why="no snapshot is kept from then" />` : html`<span class="num">${format(change.delta)}</span>`}<//>`)}</dl>
    <p class="badges">${counts.map(([name, words, type]) => html`<a key=${name} href=${href("events", { type })}>${number(data[name].totalCount)} ${words}</a>`)}</p>
  <//>`;
}

/** Series of versions over the same times, in percent. @param {any[]} adoption */
function adopted(adoption) {
  const times = [...new Set(adoption.flatMap(({ points }) => points.map((/** @type {any} */ p) => Date.parse(p.start) / 1_000)))].sort((a, b) => a - b);
  const series = adoption.map(({ version, other, points }, i) => {
    const shares = new Map(points.map((/** @type {any} */ p) => [Date.parse(p.start) / 1_000, p.share]));
    return { label: other ? "others" : (version ?? "not known").slice(0, 24), color: COLORS[i % COLORS.length], stepped: true, values: times.map((t) => (shares.has(t) ? shares.get(t) * 100 : 0)) };
  });
  return { times, series };
}
