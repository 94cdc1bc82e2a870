/** How scores, health and alerts are made, what the service keeps and allows, and where more is written. */
import { useQuery } from "../lib/data.js";
import { duration, number, percent } from "../lib/format.js";
import { root } from "../lib/router.js";
import { html } from "../lib/view.js";
import { TIER, plain, spaced } from "../lib/words.js";
import { Badge, Bytes, Card, Heading, Num, Skeleton, Span, Time, Trouble } from "../ui/basic.js";

export default function About() {
  const policy = useQuery("Policy", {}, { live: false });
  const config = useQuery("Config", {}, { live: false });
  return html`<${Heading} title="About">${config.data ? html`${config.data.serviceConfig.name} ${config.data.serviceConfig.release}, watching ${config.data.serviceConfig.network}. Everything here can be computed again from the raw figures that the API publishes.` : "How scores are made, and what this service keeps and allows."}<//>
    <${Trouble} query=${policy} /><${Trouble} query=${config} />
    <div class="cols">
      ${policy.data ? html`<${policy.data.scorePolicy.estimate ? Estimate : Formulas} policy=${policy.data.scorePolicy} /><${Rules} policy=${policy.data.scorePolicy} />` : !policy.error && html`<${Skeleton} lines=${8} />`}
      ${config.data && html`<${Service} config=${config.data.serviceConfig} />`}
      ${config.data && config.data.serviceConfig.sisterDeployments.length > 0 && html`<${Sisters} config=${config.data.serviceConfig} />`}
      <${Links} />
    </div>`;
}

/** A score with bounds, of parts that add up. */
function Estimate({ policy }) {
  const { availability, stability, currency, commitment, agreement, placesPerGroup } = policy.estimate;
  /** @type {[string, number, string][]} */
  const rows = [
    ["Availability", availability.points, `observed over 24 hours, 7 and 30 days: nothing at ${percent(availability.noneBelow * 100, 1)}, all from ${percent(availability.fullFrom * 100, 1)} on`],
    ["Committed storage", commitment.points, `its percentile, full from the ${number(commitment.fullPercentile)}th on`],
    ["Stability", stability.points, `days between disturbances, full from ${number(stability.fullDays)} on`],
    ["Version", currency.points, `falls once most of its network has run a newer release for ${number(currency.deadlineDays)} days`],
    ["Word of the seeds", agreement.points, "seeds that list it, of those that could, and what they agree on"],
  ];
  return html`<${Card} title=${`Score, policy ${policy.version}`} id="formulas">
    <p><strong>The score is the sum of its parts, scaled to 100 over those that are known.</strong> It has bounds: an input that is not known widens them. Only nodes that are proven to live have one.</p>
    <${Points} title="Parts" rows=${rows} />
    <p class="note">Ranks go by the expected loss, the share of its time that a node is expected to be away, and in a node's first day by the lower bound. The first ${number(placesPerGroup)} nodes of a neighbourhood (/24 or /48) have a place of their own. Its other nodes come last.</p>
    <${Tiers} policy=${policy} /><//>`;
}

const Tiers = ({ policy }) => html`<h3>Tiers</h3><ul class="plain">${policy.tiers.map((/** @type {any} */ tier) => html`<li key=${tier.tier}><${Badge} tone=${TIER[tier.tier]?.tone ?? "mute"} label=${TIER[tier.tier]?.label ?? tier.tier} /> ${tier.minimum !== null && html`from <span class="num">${number(tier.minimum)}</span> points: `}${tier.description}</li>`)}</ul>
    <p class="note">Latest release: ${policy.latestVersion ?? "not known"}${policy.latestVersionSource === "network" ? `, as at least ${percent(policy.latestMinShare * 100, 1)} of online nodes run it` : policy.latestVersionSource === "override" ? ", set by the operator of this service" : ""}. Known policies: ${policy.versions.join(", ")}.</p>`;

function Formulas({ policy }) {
  const { trust, capacity } = policy;
  /** @type {[string, number, string][]} */
  const rows = [
    ["Uptime", trust.uptimePoints, `proportional, full from ${number(trust.uptimeFullDays)} days since the last start`],
    ["Seeds that list it", trust.presencePoints, `proportional, full from ${number(trust.presenceFull)} seeds`],
    ["Version", trust.versionPoints, `on the latest release; ${number(trust.versionBehindPoints)} one minor release behind; else 0`],
    ["Steady in gossip", trust.consistencyPoints, "times consistency, 0 to 1"],
  ];
  /** @type {[string, number, string][]} */
  const more = [
    ["Committed storage", capacity.committedPoints, `proportional, full from ${number(capacity.committedFullGib)} GiB`],
    ["Balance of use", capacity.balancePoints, `full from ${number(capacity.balanceLow)} to ${number(capacity.balanceHigh)} % used, falling to 0 at both ends`],
    ["Growth of use", capacity.growthPoints, `over ${number(capacity.growthDays)} days; half of the points is level`],
  ];
  return html`<${Card} title=${`Score, policy ${policy.version}`} id="formulas">
    <p><strong>score = ${number(policy.trustWeight, 2)} × trust + ${number(policy.capacityWeight, 2)} × capacity</strong>, each 0 to 100 points. Only nodes that are proven to live have one.</p>
    <${Points} title="Trust" rows=${rows} /><${Points} title="Capacity" rows=${more} />
    <h3>What is not known counts as</h3><p class="note">${Object.entries(policy.defaults).map(([name, value]) => `${spaced(name)}: ${number(/** @type {number} */ (value), 2)}`).join(", ")}. <code>score.inputsMissing</code> names each case.</p>
    <${Tiers} policy=${policy} /><//>`;
}

const Points = ({ title, rows }) => html`<table class="parts full"><caption class="left">${title}</caption><tbody>${rows.map((/** @type {any[]} */ [name, points, how]) => html`<tr key=${name}><th scope="row">${name}</th><td class="num right">${number(points)}</td><td class="note">${how}</td></tr>`)}</tbody></table>`;

function Rules({ policy }) {
  const { health, alerts } = policy;
  /** @type {[string, number, string][]} */
  const rows = [
    ["Availability", health.availabilityPoints, "times the share of online nodes"],
    ["Same version", health.versionPoints, "times the share of the most common version"],
    ["Quality of nodes", health.qualityPoints, "times the mean score / 100"],
    ["Connectivity", health.connectivityPoints, `proportional to mean seeds that list a node, full from ${number(health.connectivityFull)}`],
  ];
  return html`<${Card} title="Health and alerts" id="rules"><${Points} title="Health of the network" rows=${rows} />
    <p class="note">Healthy from ${number(health.healthy)} points, fair from ${number(health.fair)}, degraded from ${number(health.degraded)}, critical below.</p>
    <h3>Bounds of alerts</h3><dl class="facts">${Object.entries(alerts).map(([name, value]) => html`<dt key=${name}>${plain(spaced(name).replace(/ (seconds|percent)$/, "").replaceAll(" ", "_"))}</dt><dd class="num">${name.endsWith("Seconds") ? duration(/** @type {number} */ (value)) : name.endsWith("Percent") ? percent(/** @type {number} */ (value)) : number(/** @type {number} */ (value))}</dd>`)}</dl><//>`;
}

function Service({ config }) {
  const { availableRange: range, retention, limits } = config;
  const kept = (/** @type {number | null} */ seconds) => (seconds === null ? "without end" : html`<${Span} value=${seconds} />`);
  return html`<${Card} title="What is kept and allowed" id="service"><dl class="facts">
    <dt>Snapshot every</dt><dd><${Span} value=${config.intervalSeconds} /></dd>
    <dt>Stale after</dt><dd><${Span} value=${config.staleAfterSeconds} /></dd>
    <dt>Past begins</dt><dd><${Time} at=${range?.earliestSnapshot} why="the store is silent, or keeps nothing yet" /></dd>
    <dt>Each snapshot</dt><dd>${kept(retention.raw)}</dd><dt>Buckets of 5 min</dt><dd>${kept(retention.m5)}</dd><dt>Buckets of an hour</dt><dd>${kept(retention.h1)}</dd><dt>Buckets of a day</dt><dd>${kept(retention.d1)}</dd><dt>Events</dt><dd>${kept(retention.events)}</dd>
    <dt>Page</dt><dd><${Num} value=${limits.page} /> items, <${Num} value=${limits.defaultPage} /> by default</dd>
    <dt>Cost of an operation</dt><dd><${Num} value=${limits.cost} /></dd>
    <dt>Cost in a minute</dt><dd>${limits.costPerMinute === null ? "without limit" : html`<${Num} value=${limits.costPerMinute} />`}</dd>
    <dt>Depth, fields, aliases</dt><dd><${Num} value=${limits.depth} />, <${Num} value=${limits.fields} />, <${Num} value=${limits.aliases} /></dd>
    <dt>Body of a request</dt><dd><${Bytes} value=${limits.bodyBytes} /></dd>
  </dl><//>`;
}

/** The same dashboard for other networks; a link of another protocol than HTTP is text. */
function Sisters({ config }) {
  return html`<${Card} title="Other networks" id="sisters"><ul class="plain"><li><strong>${config.network}</strong> (this one)</li>
    ${config.sisterDeployments.map((/** @type {any} */ each) => html`<li key=${each.network}>${/^https?:\/\//.test(each.url) ? html`<a href=${`${each.url.replace(/\/$/, "")}/dashboard`}>${each.network}</a>` : html`${each.network}: ${each.url}`}</li>`)}</ul><//>`;
}

const Links = () => html`<${Card} title="The same by API" id="links"><ul class="plain">
    <li><a href=${`${root}/graphiql`}>Explorer</a>: ask by GraphQL, with the examples of the documentation</li>
    <li><a href=${`${root}/schema.graphql`}>Schema of GraphQL</a>, with a description and a unit for everything</li>
    <li><a href=${`${root}/docs`}>REST</a> and <a href=${`${root}/redoc`}>its reference</a></li>
    <li><a href=${`${root}/metrics`}>Metrics</a> for Prometheus, <a href=${`${root}/health`}>health</a> for monitors</li>
  </ul><p class="note">This dashboard is made of the same public GraphQL API, and of nothing else.</p><//>`;
