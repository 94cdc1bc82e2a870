/** Tables with sortable heads, and pages by cursor. */
import { number } from "../lib/format.js";
import { html } from "../lib/view.js";
import { Icon } from "./basic.js";

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {any} label
 * @property {(row: any) => any} cell
 * @property {string} [sort] what the API orders by
 * @property {boolean} [right]
 * @property {boolean} [head] whether the cell is the head of its row
 */

/**
 * @param {{caption: string, columns: Column[], rows: any[], keyOf: (row: any) => string, sort?: string, descending?: boolean, onSort?: (name: string, descending: boolean) => void, busy?: boolean}} table
 */
export function DataTable({ caption, columns, rows, keyOf, sort = "", descending = true, onSort, busy = false }) {
  return html`<div class=${`scroll ${busy ? "busy" : ""}`} tabindex="0" role="region" aria-label=${caption}><table class="data">
    <caption class="sr">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<${Head} key=${column.name} column=${column} sort=${sort} descending=${descending} onSort=${onSort} />`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${keyOf(row)}>${columns.map(({ name, cell, right, head, label }) =>
      head ? html`<th scope="row" key=${name}>${cell(row)}</th>` : html`<td key=${name} class=${right ? "right" : ""} data-label=${typeof label === "string" ? label : name}>${cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function Head({ column, sort, descending, onSort }) {
  const side = column.right ? "right" : "";
  if (!column.sort || !onSort) return html`<th scope="col" class=${side}>${column.label}</th>`;
  const active = sort === column.sort;
  return html`<th scope="col" class=${side} aria-sort=${active ? (descending ? "descending" : "ascending") : undefined}>
    <button type="button" class=${`sorter ${active ? "active" : ""}`} onClick=${() => onSort(column.sort, active ? !descending : true)}>${column.label}<${Icon} name=${active && !descending ? "up" : "down"} /></button>
  </th>`;
}

/**
 * @param {{shown: number, total: number, what: string, info: {hasNextPage: boolean, hasPreviousPage?: boolean, startCursor?: string | null, endCursor?: string | null}, first: boolean, onPage: (changes: {after?: string | null, before?: string | null}) => void}} pager
 */
export const Pager = ({ shown, total, what, info, first, onPage }) =>
  html`<div class="pager"><span role="status">${number(shown)} of ${number(total)} ${what}</span>
    <span class="actions">
      ${!first && html`<button type="button" class="button" onClick=${() => onPage({})}>First page</button>`}
      ${info.hasPreviousPage !== undefined && html`<button type="button" class="button" disabled=${!info.hasPreviousPage} onClick=${() => onPage({ before: info.startCursor })}>Previous</button>`}
      <button type="button" class="button" disabled=${!info.hasNextPage} onClick=${() => onPage({ after: info.endCursor })}>Next</button>
    </span></div>`;
