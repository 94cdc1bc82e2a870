/** Events and alerts as lists. */
import { EVENT, SEVERITY, change } from "../lib/words.js";
import { html } from "../lib/view.js";
import { Badge, Empty, NodeLink, Time } from "./basic.js";

export function EventList({ events, empty = "Nothing happened in this time.", subjects = true }) {
  if (!events.length) return html`<${Empty}>${empty}<//>`;
  return html`<ol class="events">${events.map((/** @type {any} */ event) => html`<li key=${event.cursor}>
    <${Time} at=${event.at} relative quiet />
    <${Badge} ...${EVENT[event.type] ?? { label: event.type, tone: "mute" }} />
    ${subjects && html`<span class="subject"><${NodeLink} id=${event.pnode?.id} address=${event.address ?? event.subject} short /></span>`}
    <bdi class="change">${change(event)}</bdi>
  </li>`)}</ol>`;
}

export function AlertList({ alerts, empty = "No alerts.", subjects = true }) {
  if (!alerts.length) return html`<${Empty}>${empty}<//>`;
  return html`<ul class="alerts">${alerts.map((/** @type {any} */ alert) => html`<li key=${alert.id}>
    <${Badge} ...${SEVERITY[alert.severity]} />
    <div>${subjects && html`<${NodeLink} id=${alert.pnode?.id} address=${alert.address} short />`} <span class="message">${alert.message}</span>
    ${alert.recommendation && html`<p class="note">${alert.recommendation}</p>`}</div>
  </li>`)}</ul>`;
}
