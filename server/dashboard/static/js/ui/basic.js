/** Small parts that every page is made of. */
import { ago, bothTimes, bytes, exactBytes, exactSeconds, duration, number, percent, time } from "../lib/format.js";
import { href } from "../lib/router.js";
import { zone } from "../lib/preferences.js";
import { shown } from "../lib/news.js";
import { html, useEffect, useReducer, useState, useStore } from "../lib/view.js";

/** Draws again every so many milliseconds, while anybody looks. @param {number} ms */
export function useTick(ms) {
  const [, draw] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const visible = useStore(shown);
  useEffect(() => {
    if (!visible) return undefined;
    const timer = setInterval(() => draw(0), ms);
    return () => clearInterval(timer);
  }, [ms, visible]);
}

/** What is not known: never 0. */
export function Unknown({ why = "not known" }) {
  return html`<span class="unknown tip" tabindex="0" data-tip=${`Unknown: ${why}`}><span aria-hidden="true">—</span><span class="sr">unknown: ${why}</span></span>`;
}

/** A value with its exact form on hover and focus. */
export function Exact({ shown: text, exact, quiet = false }) {
  if (text === exact) return html`<span class="num">${text}</span>`;
  return html`<span class="num tip" tabindex=${quiet ? undefined : 0} data-tip=${exact}>${text}<span class="sr"> (${exact})</span></span>`;
}

const known = (/** @type {any} */ value) => value !== null && value !== undefined;

export const Num = ({ value, digits = 0, unit = "", why = undefined, quiet = false }) =>
  known(value)
    ? html`<${Exact} shown=${number(value, digits) + unit} exact=${number(value, 6) + unit} quiet=${quiet} />`
    : html`<${Unknown} why=${why} />`;
export const Percent = ({ value, digits = 1, why = undefined, quiet = false }) =>
  known(value)
    ? html`<${Exact} shown=${percent(value, digits)} exact=${percent(value, 6)} quiet=${quiet} />`
    : html`<${Unknown} why=${why} />`;
export const Bytes = ({ value, why = undefined, quiet = false }) =>
  known(value) ? html`<${Exact} shown=${bytes(value)} exact=${exactBytes(value)} quiet=${quiet} />` : html`<${Unknown} why=${why} />`;
export const Span = ({ value, why = undefined, quiet = false }) =>
  known(value) ? html`<${Exact} shown=${duration(value)} exact=${exactSeconds(value)} quiet=${quiet} />` : html`<${Unknown} why=${why} />`;

/** A time; how long ago it was, or the time itself, with both zones on hover and focus. */
export function Time({ at, why = undefined, relative = false, quiet = false }) {
  useStore(zone);
  if (!at) return html`<${Unknown} why=${why} />`;
  return html`<time class="tip" tabindex=${quiet ? undefined : 0} datetime=${at} data-tip=${bothTimes(at)}>${relative ? html`<${Ago} at=${at} />` : time(at)}</time>`;
}

function Ago({ at }) {
  useTick(Math.abs(Date.now() - Date.parse(at)) < 3_600_000 ? 5_000 : 60_000);
  return ago(at);
}

/** @param {{tone: string, label: any, hint?: string}} badge */
export const Badge = ({ tone, label, hint = undefined }) =>
  html`<span class=${`badge ${tone} ${hint ? "tip" : ""}`} data-tip=${hint}><span class="dot" aria-hidden="true"></span>${label}</span>`;

export function Copy({ text, what }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 2_000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without a secure context there is no clipboard API.
      const area = Object.assign(document.createElement("textarea"), { value: text, className: "sr" });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    setDone(true);
  };
  return html`<button type="button" class="copy" onClick=${copy} aria-label=${`Copy ${what}`} title=${`Copy ${what}`}>
    <${Icon} name=${done ? "check" : "copy"} /><span class="sr" role="status">${done ? "copied" : ""}</span>
  </button>`;
}

/** A node by its address, or by its key where it has no address. */
export function NodeLink({ id, address, short = false }) {
  const text = address || id || "";
  if (!id) return html`<bdi class="mono clip">${text}</bdi>`;
  return html`<a class=${`mono ${short ? "clip" : ""}`} href=${href("node", { id })}><bdi>${text}</bdi></a>`;
}

/** @param {{tone?: string, title?: any, children?: any, action?: any}} notice */
export const Notice = ({ tone = "info", title = "", children, action = null }) =>
  html`<div class=${`notice ${tone}`} role=${tone === "bad" ? "alert" : "status"}><div><strong>${title}</strong> ${children}</div>${action}</div>`;

/** What a failed question says: what to do, and that it is retried. */
export function Trouble({ query }) {
  if (!query.error) return null;
  const { code, message } = query.error;
  if (code === "AS_OF_OUT_OF_RANGE" || code === "AS_OF_IN_FUTURE") {
    return html`<${Notice} tone="warn" title="Nothing is kept from that time." action=${html`<a class="button" href=${href("", { asOf: null })}>Back to now</a>`}>${message}<//>`;
  }
  const advice =
    code === "NETWORK" ? "Check your connection." : code === "RATE_LIMITED" ? "This address asked for too much." : code === "SNAPSHOT_UNAVAILABLE" ? "Nothing was collected yet, or the store does not answer." : "";
  return html`<${Notice} tone="bad" title=${message} action=${html`<button type="button" class="button" onClick=${query.retry}>Try now</button>`}>
    ${advice} ${query.data ? "What you see is the last answer. " : ""}<${Countdown} until=${query.retryAt} />
  <//>`;
}

function Countdown({ until }) {
  useTick(1_000);
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1_000));
  return html`<span>${seconds ? `Trying again in ${seconds} s.` : "Trying again …"}</span>`;
}

/** A page's heading, what it is about, and what can be done there. */
export const Heading = ({ title, children = null, actions = null }) =>
  html`<div class="heading"><div><h1>${title}</h1>${children && html`<p class="lead">${children}</p>`}</div>${actions && html`<div class="actions">${actions}</div>`}</div>`;

/** @param {{title?: any, more?: any, children?: any, class?: string, id?: string}} card */
export const Card = ({ title = "", more = null, children, class: name = "", id = undefined }) =>
  html`<section class=${`card ${name}`} aria-labelledby=${id}>
    ${title && html`<div class="card-head"><h2 id=${id}>${title}</h2>${more && html`<div class="more">${more}</div>`}</div>`}${children}
  </section>`;

export const Stat = ({ label, children, note = null, tone = "" }) =>
  html`<div class=${`stat ${tone}`}><dt>${label}</dt><dd>${children}</dd>${note && html`<dd class="note">${note}</dd>`}</div>`;

/** A share of a whole as a bar. @param {{value: number | null, max: number, tone?: string, label: string}} meter */
export function Meter({ value, max, tone = "accent", label }) {
  const share = value === null || !max ? 0 : Math.max(0, Math.min(1, value / max));
  return html`<svg class=${`meter ${tone}`} role="img" aria-label=${label} viewBox="0 0 100 6" preserveAspectRatio="none">
    <rect class="track" width="100" height="6" />${share > 0 && html`<rect class="fill" width=${Math.max(1, share * 100)} height="6" />`}
  </svg>`;
}

/** A score of 100 as a ring. */
export function Ring({ value, label, tone = "accent", size = 132 }) {
  const length = 2 * Math.PI * 52;
  const share = value === null || value === undefined ? 0 : value / 100;
  return html`<svg class=${`ring ${tone}`} role="img" aria-label=${label} viewBox="0 0 120 120" width=${size} height=${size}>
    <circle class="track" cx="60" cy="60" r="52" />
    <circle class="fill" cx="60" cy="60" r="52" stroke-dasharray=${`${length * share} ${length}`} transform="rotate(-90 60 60)" />
    <text x="60" y="60" dy="0.36em" text-anchor="middle">${value === null || value === undefined ? "—" : number(value, 0)}</text>
  </svg>`;
}

/** Lines that stand for what loads; the old picture stays instead where there is one. */
export const Skeleton = ({ lines = 6 }) =>
  html`<div class="skeleton" role="status"><span class="sr">Loading …</span>${Array.from({ length: lines }, (_, i) => html`<div key=${i} class="bone"></div>`)}</div>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/** Choices of which one holds. */
export const Choice = ({ label, value, options, onPick }) =>
  html`<fieldset class="choice"><legend class="sr">${label}</legend>
    ${options.map(([name, text]) => html`<button type="button" key=${name} aria-pressed=${value === name} onClick=${() => onPick(name)}>${text}</button>`)}
  </fieldset>`;

/** @type {Record<string, string>} */
const PATHS = {
  copy: "M8 8h10v12H8zM6 16H4V4h10v2",
  check: "M5 12l5 5L19 7",
  search: "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5",
  clock: "M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4l3 2",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  moon: "M20 14A8 8 0 0110 4a8 8 0 1010 10z",
  half: "M12 4a8 8 0 100 16zM12 4a8 8 0 010 16",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  right: "M9 6l6 6-6 6",
  cross: "M7 7l10 10M17 7L7 17",
  help: "M9 9a3 3 0 115 2c-1 1-2 1.5-2 3M12 18v.5",
};

export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
