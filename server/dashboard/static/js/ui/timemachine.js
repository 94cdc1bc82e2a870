/** One slider that sets the time of every page. */
import { iso, time } from "../lib/format.js";
import { useQuery } from "../lib/data.js";
import { zone } from "../lib/preferences.js";
import { changed, go, place } from "../lib/router.js";
import { html, useEffect, useRef, useState, useStore } from "../lib/view.js";
import { Icon, Notice, Skeleton, Trouble } from "./basic.js";

export function Clockwork() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  return html`<button type="button" id="clockwork" class="icon-button" onClick=${() => setOpen(true)} aria-haspopup="dialog" aria-label="Time machine" title="Time machine (t)"><${Icon} name="clock" /></button>
    ${open && html`<dialog ref=${dialog} class="clockwork" aria-labelledby="clockwork-title" onClose=${() => setOpen(false)}><${Slider} close=${() => dialog.current?.close()} /></dialog>`}`;
}

function Slider({ close }) {
  const query = useQuery("Config", {}, { live: false });
  const { params } = useStore(place);
  useStore(zone);
  const range = query.data?.serviceConfig.availableRange;
  const step = (query.data?.serviceConfig.intervalSeconds ?? 60) * 1_000;
  const from = range?.earliestSnapshot ? Date.parse(range.earliestSnapshot) : 0;
  const to = range?.latestSnapshot ? Date.parse(range.latestSnapshot) : 0;
  const shown = Date.parse(params.get("asOf") ?? "") || to;
  const set = (/** @type {number} */ at, /** @type {boolean} */ dragging) =>
    go(changed({ asOf: at >= to ? null : iso(Math.max(from, at)), after: null, before: null }), { replace: dragging });
  const jumps = [["−1 h", 3_600_000], ["−6 h", 21_600_000], ["−1 d", 86_400_000], ["−7 d", 604_800_000]];
  return html`<h2 id="clockwork-title">Time machine</h2>
    <p>Every page shows the network as it was at the time that you choose. The address bar keeps it, so a link shows others the same.</p>
    <${Trouble} query=${query} />
    ${!query.data ? html`<${Skeleton} lines=${3} />` : !from || to <= from ? html`<${Notice} title="There is no past yet.">It begins with the second snapshot.<//>` : html`
    <p class="clock-now"><output>${time(shown)}</output>${params.get("asOf") ? "" : " (now)"}</p>
    <label class="sr" for="clock-slider">Time</label>
    <input id="clock-slider" type="range" min=${from} max=${to} step=${step} value=${shown} aria-valuetext=${time(shown)}
      onInput=${(/** @type {any} */ e) => set(Number(e.target.value), true)} />
    <div class="ends"><span>${time(from)}</span><span>${time(to)}</span></div>
    <div class="actions">${jumps.map(([label, ms]) => html`<button type="button" key=${label} class="button" disabled=${shown - Number(ms) < from} onClick=${() => set(shown - Number(ms), false)}>${label}</button>`)}</div>`}
    <div class="actions end"><button type="button" class="button" onClick=${() => set(to, false)}>Back to now</button><button type="button" class="button primary" onClick=${close}>Close</button></div>`;
}
