/** What polls the network: its newest cycle, and each seed with its reach, agreement and last failure. */
import { useQuery } from "../lib/data.js";
import { number } from "../lib/format.js";
import { href } from "../lib/router.js";
import { html } from "../lib/view.js";
import { droppedText, FAILURE, plain } from "../lib/words.js";
import { Badge, Card, Heading, Notice, Num, Percent, Skeleton, Span, Stat, Time, Trouble, Unknown } from "../ui/basic.js";
import { DataTable } from "../ui/table.js";

/** @param {any} seed */
function latency(seed) {
  const known = seed.report?.latency.filter((/** @type {any} */ each) => each.milliseconds !== null) ?? [];
  return known.length ? Math.max(...known.map((/** @type {any} */ each) => each.milliseconds)) : null;
}

const NONE = "it gave no list in the newest snapshot";
/** @type {import("../ui/table.js").Column[]} */
const COLUMNS = [
  { name: "seed", label: "Seed", head: true, cell: (s) => (s.report?.pnode ? html`<a class="mono" href=${href("node", { id: s.report.pnode.id })}><bdi>${s.seed}</bdi></a>` : html`<bdi class="mono">${s.seed}</bdi>`) },
  { name: "state", label: "State", cell: (s) => html`<${Badge} tone=${s.reachable ? "good" : "bad"} label=${s.reachable ? "answers" : "silent"} />` },
  { name: "answered", label: "Last answer", cell: (s) => html`<${Time} at=${s.succeededAt} relative quiet why="it never answered" />` },
  { name: "listed", label: "Lists", right: true, cell: (s) => html`<${Num} value=${s.report?.ok ? s.report.listed : null} quiet why=${NONE} />` },
  { name: "coverage", label: "Reach", right: true, cell: (s) => html`<${Percent} value=${share(s.report?.coverage)} quiet why=${NONE} />` },
  { name: "agreement", label: "Agreement", right: true, cell: (s) => html`<${Percent} value=${share(s.report?.agreement)} quiet why="there is nothing to compare with" />` },
  { name: "latency", label: "Latency", right: true, cell: (s) => html`<${Num} value=${latency(s)} digits=${0} unit=" ms" quiet why="it did not answer" />` },
  { name: "clock", label: "Clock", right: true, cell: (s) => html`<${Num} value=${s.report?.clockAhead} unit=" s" quiet why="it did not say" />` },
  { name: "cpu", label: "CPU", right: true, cell: (s) => html`<${Percent} value=${s.report?.stats?.cpuPercent} quiet why="it did not say" />` },
  { name: "version", label: "Version", cell: (s) => (s.report?.version ? html`<bdi class="mono clip">${s.report.version}</bdi>` : html`<${Unknown} why="it did not say" />`) },
  { name: "failure", label: "Last failure", cell: (s) => (s.failure ? html`<span class="wrap-text">${s.message ?? FAILURE[s.failure] ?? s.failure}</span>` : html`<span class="note">none</span>`) },
];

/** @param {number | null | undefined} value */
const share = (value) => (value === null || value === undefined ? null : value * 100);

export default function Collector() {
  const query = useQuery("Collector", {});
  const collector = query.data?.collector;
  return html`<${Heading} title="Collector">It asks every seed once an interval, merges what they say, and stores what they agree on.<//>
    <${Trouble} query=${query} />
    ${!collector ? !query.error && html`<${Skeleton} lines=${10} />` : html`
    ${collector.causeMessage && html`<${Notice} tone="bad" title="New snapshots do not come.">${collector.causeMessage}<//>`}
    <${Card} title="Newest cycle" id="cycle"><dl class="stats">
      <${Stat} label="Outcome">${plain(collector.outcome)}<//>
      <${Stat} label="Ran"><${Time} at=${collector.attemptedAt} relative why="no cycle has run" /><//>
      <${Stat} label="Seeds that answered">${collector.snapshot ? html`<${Num} value=${collector.snapshot.totals.seedsOk} /> <span class="of">of ${number(collector.snapshot.totals.seedsConfigured)}</span>` : html`<${Unknown} why="there is no snapshot yet" />`}<//>
      <${Stat} label="Took"><${Num} value=${collector.timing?.totalSeconds} digits=${2} unit=" s" why="no cycle was committed" /><//>
      <${Stat} label="Asking seeds"><${Num} value=${collector.timing?.crawlSeconds} digits=${2} unit=" s" why="no cycle was committed" /><//>
      <${Stat} label="Needs witnesses"><${Num} value=${collector.snapshot?.totals.minWitnesses} why="fewer than three seeds answered, so every node counts" /><//>
    </dl><//>
    <div class="card flush"><${DataTable} caption="Seeds" columns=${COLUMNS} rows=${collector.seeds} keyOf=${(/** @type {any} */ s) => s.seed} busy=${query.loading} /></div>
    <${Dropped} seeds=${collector.seeds} />
    ${collector.promotedSeeds.length > 0 && html`<${Card} title="Public nodes that were asked too" id="promoted"><ul class="plain">${collector.promotedSeeds.map((/** @type {any} */ s) => html`<li key=${s.seed}><bdi class="mono">${s.seed}</bdi> ${s.ok ? html`lists ${number(s.listed)}, ${number(s.unsupported)} of them listed by too few others` : (FAILURE[s.failure] ?? "no answer")}</li>`)}</ul><//>`}`}`;
}

function Dropped({ seeds }) {
  const rows = seeds.filter((/** @type {any} */ s) => s.report && (s.report.dropped.length || s.report.refused || s.report.unsupported));
  if (!rows.length) return null;
  return html`<${Card} title="What was not taken from their lists" id="dropped"><ul class="plain">${rows.map((/** @type {any} */ s) => html`<li key=${s.seed}><bdi class="mono">${s.seed}</bdi>: ${[...s.report.dropped.map(droppedText), s.report.refused ? `${number(s.report.refused)} new nodes too many` : "", s.report.unsupported ? `${number(s.report.unsupported)} nodes listed by too few others` : ""].filter(Boolean).join(", ")}</li>`)}</ul><//>`;
}
