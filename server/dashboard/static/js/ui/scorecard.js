/** A score with every part, what it lost, and the next step that would gain most. */
import { number } from "../lib/format.js";
import { nextStep, partsOf } from "../lib/score.js";
import { html } from "../lib/view.js";
import { TIER } from "../lib/words.js";
import { Badge, Empty, Meter, Percent, Ring, Unknown } from "./basic.js";

const TONES = /** @type {Record<string, string>} */ ({ LOW_RISK: "good", MEDIUM_RISK: "warn", HIGH_RISK: "bad" });

export function ScoreCard({ node, online = null }) {
  if (!node.score) return html`<${Empty}>It has no score: ${node.status === "ONLINE" ? "it is not scored yet" : "only nodes that are proven to live have one"}.<//>`;
  const { score } = node;
  const parts = partsOf(node);
  const step = nextStep(node);
  return html`<div class="health-body">
      <${Ring} value=${score.composite} tone=${TONES[node.tier] ?? "accent"} size=${120} label=${score.composite === null ? "Score not known" : `Score: ${number(score.composite, 1)} of 100 points`} />
      <dl class="facts">
        <dt>Tier</dt><dd><${Badge} ...${TIER[node.tier]} /></dd>
        <dt>Rank</dt><dd>${score.rank === null ? html`<${Unknown} why="it is not ranked" />` : html`<strong class="num">${number(score.rank)}</strong>${online ? html` <span class="of">of ${number(online)} online</span>` : ""}`}</dd>
        ${score.low !== null && score.high !== null && html`<dt>Bounds</dt><dd><span class="num">${number(score.low, 1)} to ${number(score.high, 1)}</span></dd>`}
        ${score.confidence !== null && html`<dt>Confidence</dt><dd><${Percent} value=${score.confidence * 100} digits=${0} /></dd>`}
        <dt>At least as good as</dt><dd><${Percent} value=${score.percentile} /> of online nodes</dd>
        ${score.policyVersion && html`<dt>Policy</dt><dd>${score.policyVersion}</dd>`}
      </dl>
    </div>
    ${step && html`<${Step} step=${step} />`}
    <${Parts} parts=${parts} />`;
}

/** What would gain most, in the API's words. */
export const Step = ({ step }) => html`<div class="step"><strong>Next step${step.gain === null ? "" : `: +${number(step.gain, 1)} points from “${step.label.toLowerCase()}”`}</strong> ${step.text}</div>`;

function Parts({ parts }) {
  return html`<table class="parts full"><caption class="sr">Parts of the score, those that lost most first</caption>
    <thead><tr><th scope="col">Part</th><th scope="col"><span class="sr">Share</span></th><th scope="col" class="right">Points</th><th scope="col" class="right">Costs</th></tr></thead>
    <tbody>${parts.map((/** @type {import("../lib/score.js").Part} */ part) => html`<tr key=${part.name}>
      <th scope="row">${part.step ? html`<span class="tip" tabindex="0" data-tip=${part.step}>${part.label}</span>` : part.label}</th>
      <td><${Meter} value=${part.value} max=${part.max} tone=${(part.lost ?? 0) > 5 ? "warn" : "accent"} label=${part.value === null ? "not known" : `${number(part.value, 1)} of ${number(part.max, 1)} points`} /></td>
      <td class="num right">${part.value === null ? html`<${Unknown} why="the input is not known" />` : number(part.value, 1)}<span class="of"> / ${number(part.max, 1)}</span></td>
      <td class="num right cost">${part.lost === null || part.lost < 0.05 ? "" : `−${number(part.lost, 1)}`}</td></tr>`)}</tbody></table>
    <p class="note">“Costs” is what a part takes from the score of 100.</p>`;
}
