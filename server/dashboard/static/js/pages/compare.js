/** Two to five nodes side by side, the best of each row marked. */
import { useQuery } from "../lib/data.js";
import { bytes, duration, number, percent } from "../lib/format.js";
import { go, changed, href, place, useParam } from "../lib/router.js";
import { html, useState, useStore } from "../lib/view.js";
import { partsOf } from "../lib/score.js";
import { STATUS, STEADINESS, TIER } from "../lib/words.js";
import { Badge, Card, Copy, Heading, NodeLink, Notice, Skeleton, Trouble, Unknown } from "../ui/basic.js";

const MAX = 5;

export default function Compare() {
  const [text] = useParam("nodes");
  const { params } = useStore(place);
  const keys = [...new Set(text.split(",").map((key) => key.trim()).filter(Boolean))].slice(0, MAX);
  const query = useQuery("Compare", { addresses: keys, asOf: params.get("asOf") || undefined }, { enabled: keys.length >= 2 });
  const set = (/** @type {string[]} */ next) => go(changed({ nodes: next.join(",") }));
  return html`<${Heading} title="Compare">Two to five nodes side by side. The best value of a row is marked.<//>
    <${Chosen} keys=${keys} set=${set} />
    ${keys.length < 2 ? html`<${Suggest} keys=${keys} set=${set} />` : html`<${Trouble} query=${query} />
    ${query.error && !query.data && html`<p class="note">Use addresses (HOST:PORT) or ids of nodes that are known, each node once.</p>`}
    ${query.data ? html`<${Verdict} comparison=${query.data.comparePnodes} /><${Sides} comparison=${query.data.comparePnodes} busy=${query.loading} />` : !query.error && html`<${Skeleton} lines=${10} />`}`}`;
}

function Chosen({ keys, set }) {
  const [text, setText] = useState("");
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    const more = text.split(/[\s,]+/).filter(Boolean);
    if (more.length) set([...keys, ...more]);
    setText("");
  };
  return html`<form class="filters" onSubmit=${add}>
    ${keys.map((/** @type {string} */ key) => html`<button type="button" class="button" key=${key} aria-label=${`Remove ${key}`} onClick=${() => set(keys.filter((/** @type {string} */ each) => each !== key))}><bdi class="mono clip">${key}</bdi> ×</button>`)}
    ${keys.length < MAX && html`<label class="field wide">Add a node<input value=${text} spellcheck=${false} autocomplete="off" placeholder="Address or key" onInput=${(/** @type {any} */ e) => setText(e.target.value)} /></label><button class="button primary">Add</button>`}
  </form>`;
}

function Suggest({ keys, set }) {
  const query = useQuery("Nodes", { where: { status: { eq: "ONLINE" } }, orderBy: [{ field: "SCORE", direction: "DESC" }], first: 5 });
  return html`<${Notice} title=${keys.length ? "One more node is needed." : "Choose two nodes or more."}>Add them above, or from here.<//>
    <${Trouble} query=${query} />
    ${query.data && html`<${Card} title="The best now" id="best"><ul class="plain">${query.data.pnodes.nodes.filter(({ id, address }) => !keys.includes(address ?? id) && !keys.includes(id)).map((node) => html`<li key=${node.id}><button type="button" class="button" onClick=${() => set([...keys, node.address ?? node.id])}>Add</button> <${NodeLink} id=${node.id} address=${node.address} /> <span class="note">score ${node.score?.composite === null || !node.score ? "—" : number(node.score.composite, 1)}</span></li>`)}</ul><//>`}`;
}

function Verdict({ comparison }) {
  const { recommended, reason, considerations } = comparison;
  const best = comparison.pnodes.find(({ id }) => id === recommended?.id);
  return html`<div class="step"><strong>${best ? html`Take <bdi class="mono">${best.address ?? best.id}</bdi>` : "None can be recommended"}</strong> ${reason}
    ${considerations.length > 0 && html`<ul class="plain">${considerations.map((/** @type {string} */ each) => html`<li key=${each}>${each}</li>`)}</ul>`}</div>`;
}

function Sides({ comparison, busy }) {
  const { pnodes } = comparison;
  const cost = new Map(pnodes.map((/** @type {any} */ node) => [node.id, partsOf(node)]));
  const parts = pnodes.map((/** @type {any} */ node) => cost.get(node.id)).find((/** @type {any} */ each) => each?.length) ?? [];
  /** @type {[string, (node: any) => number | null, (value: number, node: any) => any, number, string][]} */
  const rows = [
    ["Score", (n) => n.score?.composite ?? null, (v) => number(v, 1), 1, "only online nodes have a score"],
    ["At least", (n) => n.score?.low ?? null, (v) => number(v, 1), 1, "its score has no bounds"],
    ["At most", (n) => n.score?.high ?? null, (v) => number(v, 1), 1, "its score has no bounds"],
    ["Rank", (n) => n.score?.rank ?? null, (v) => number(v), -1, "it is not ranked"],
    ["Uptime", (n) => n.uptime === null ? null : Number(n.uptime), (v) => duration(v), 1, "no seed reported it"],
    ["Committed", (n) => n.storageCommitted === null ? null : Number(n.storageCommitted), (v) => bytes(v), 1, "no seed reported it"],
    ["Used", (n) => n.storageUsed === null ? null : Number(n.storageUsed), (v) => bytes(v), 0, "no seed reported it"],
    ["Use", (n) => n.storageUsagePercent, (v) => percent(v, 1), 0, "committed or used storage is not known"],
    ["Seeds that list it", (n) => n.witnessCount, (v) => number(v), 1, ""],
    ["Releases behind", (n) => n.versionsBehind, (v) => number(v), -1, "it cannot be compared with the latest release"],
    ["Steady in gossip", (n) => (n.consistency?.score === null || !n.consistency ? null : n.consistency.score * 100), (v) => percent(v, 1), 1, "it was not observed long enough"],
    ["Alerts", (n) => n.alerts.length, (v) => number(v), -1, ""],
  ];
  return html`<div class=${`card flush ${busy ? "busy" : ""}`}><div class="scroll" tabindex="0" role="region" aria-label="Nodes side by side"><table class="data compare"><caption class="sr">Nodes side by side</caption>
    <thead><tr><th scope="col">Figure</th>${pnodes.map((/** @type {any} */ node) => html`<th scope="col" key=${node.id}><${NodeLink} id=${node.id} address=${node.address} short /> <${Copy} text=${node.address ?? node.id} what="the address" /></th>`)}</tr></thead>
    <tbody>
      <tr><th scope="row">Status</th>${pnodes.map((/** @type {any} */ n) => html`<td key=${n.id}><${Badge} ...${STATUS[n.status]} /></td>`)}</tr>
      <tr><th scope="row">Tier</th>${pnodes.map((/** @type {any} */ n) => html`<td key=${n.id}>${n.score ? html`<${Badge} ...${TIER[n.tier]} />` : html`<${Unknown} why="it has no score" />`}</td>`)}</tr>
      <tr><th scope="row">Version</th>${pnodes.map((/** @type {any} */ n) => html`<td key=${n.id}>${n.version ? html`<bdi class="mono clip">${n.version}</bdi>` : html`<${Unknown} why="no seed reported it" />`}</td>`)}</tr>
      ${rows.map(([label, pick, format, better, why]) => html`<${Row} key=${label} label=${label} nodes=${pnodes} pick=${pick} format=${format} better=${better} why=${why} />`)}
      ${parts.map((/** @type {any} */ part) => html`<${Row} key=${part.name} label=${html`${part.label} <span class="of">of ${number(part.max, 1)}</span>`} nodes=${pnodes} pick=${(/** @type {any} */ n) => cost.get(n.id)?.find((/** @type {any} */ each) => each.name === part.name)?.value ?? null} format=${(/** @type {number} */ v) => number(v, 1)} better=${1} why="its input is not known" />`)}
      <tr><th scope="row">Gossip</th>${pnodes.map((/** @type {any} */ n) => html`<td key=${n.id}>${n.consistency ? html`<${Badge} ...${STEADINESS[n.consistency.status]} />` : html`<${Unknown} why="it was not observed long enough" />`}</td>`)}</tr>
    </tbody></table></div></div>
    <p><a href=${href("recommendations")}>Nodes that meet every demand</a></p>`;
}

function Row({ label, nodes, pick, format, better, why }) {
  const values = nodes.map(pick);
  const known = values.filter((/** @type {any} */ value) => value !== null);
  const best = better && known.length > 1 && new Set(known).size > 1 ? (better > 0 ? Math.max(...known) : Math.min(...known)) : null;
  return html`<tr><th scope="row">${label}</th>${nodes.map((/** @type {any} */ node, /** @type {number} */ i) => html`<td key=${node.id} class=${`num ${best !== null && values[i] === best ? "best" : ""}`}>${values[i] === null ? html`<${Unknown} why=${why} />` : format(values[i], node)}${best !== null && values[i] === best && html`<span class="sr"> (best)</span>`}</td>`)}</tr>`;
}
