/** The frame of every page: navigation, search, freshness, time machine, theme, keys. */
import { bothTimes, duration, serverNow, time } from "../lib/format.js";
import { channel, newest } from "../lib/news.js";
import { shortcuts, shownTheme, theme, zone } from "../lib/preferences.js";
import { changed, go, href, place } from "../lib/router.js";
import { html, useEffect, useRef, useState, useStore } from "../lib/view.js";
import { Icon, useTick } from "./basic.js";
import { Clockwork } from "./timemachine.js";

/** @type {[string, [string, string][]][]} */
export const NAVIGATION = [
  ["Network", [["", "Overview"], ["nodes", "Nodes"], ["operators", "Operators"], ["topology", "Topology"]]],
  ["Decide", [["recommendations", "Where to stake"], ["compare", "Compare"], ["mine", "My nodes"]]],
  ["Watch", [["alerts", "Alerts"], ["events", "Events"], ["collector", "Collector"]]],
  ["More", [["about", "About"]]],
];
const DISCOVERED = "data-ready";

export function Shell({ children, title }) {
  const { page } = useStore(place);
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [page]);
  useEffect(() => {
    document.title = `${title} · pNode analytics`;
    document.documentElement.setAttribute(DISCOVERED, page || "overview");
  }, [title]);
  useKeys();
  return html`
    <header class="top">
      <button type="button" class="icon-button menu-button" aria-expanded=${open} aria-controls="nav" onClick=${() => setOpen(!open)} aria-label="Menu"><${Icon} name=${open ? "close" : "menu"} /></button>
      <a class="brand" href=${href("")} aria-label="pNode analytics: overview"><span class="brand-mark" aria-hidden="true"></span><span class="brand-text">pNode analytics</span></a>
      <${Network} />
      <${Search} />
      <${Freshness} />
      <${Clockwork} />
      <${Zone} />
      <${Theme} />
    </header>
    <nav id="nav" class=${open ? "open" : ""} aria-label="Pages">
      ${NAVIGATION.map(([group, pages]) => html`<div class="group" key=${group}><h2 class="nav-title">${group}</h2><ul>
        ${pages.map(([name, label]) => html`<li key=${name}><a href=${href(name)} aria-current=${page === name ? "page" : undefined}>${label}</a></li>`)}
        ${group === "More" && html`<li><a href=${document.documentElement.dataset.root + "/graphiql"}>Explorer</a></li>`}
      </ul></div>`)}
      <p class="keys-hint"><button type="button" class="link" onClick=${() => /** @type {any} */ (document.getElementById("keys"))?.showModal()}>Keys and shortcuts</button></p>
    </nav>
    <main id="main" tabindex="-1"><${Banner} />${children}</main>
    <${Keys} />`;
}

function Network() {
  const now = useStore(newest);
  return now && html`<span class="network tip" data-tip="The network that this server watches">${now.network}</span>`;
}

function Search() {
  const [text, setText] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    go(href("nodes", { q: text.trim() }));
    setText("");
  };
  return html`<form class="search" role="search" onSubmit=${submit}>
    <label class="sr" for="search">Search nodes by address, key or version</label>
    <${Icon} name="search" /><input id="search" type="search" autocomplete="off" spellcheck=${false} placeholder="Address, key, version" value=${text} onInput=${(/** @type {any} */ e) => setText(e.target.value)} /><kbd aria-hidden="true">/</kbd>
  </form>`;
}

/** How old what is shown is, and when news are due. */
function Freshness() {
  useTick(1_000);
  const now = useStore(newest);
  const way = useStore(channel);
  const { params } = useStore(place);
  if (!now || params.get("asOf")) return null;
  const age = Math.max(0, Math.round((serverNow() - Date.parse(now.takenAt)) / 1_000));
  const due = Math.round((Date.parse(now.slotStart) + now.interval * 1_000 - serverNow()) / 1_000);
  const late = age > 2 * now.interval + 15;
  const next = late ? "overdue" : due > 0 ? `next in ${duration(due)}` : "next is due";
  const tone = late ? "bad" : way === "live" ? "good" : "warn";
  return html`<span class=${`fresh ${tone} tip`} tabindex="0" data-tip=${`Taken at ${bothTimes(now.takenAt)}. ${way === "live" ? "News arrive by themselves." : way === "polling" ? "Streams are blocked here, so the page asks once an interval." : "Paused."}`}>
    <span class="dot" aria-hidden="true"></span><span>${late ? "stale: " : ""}as of ${duration(age)} ago</span><span class="next">, ${next}</span>
  </span>`;
}

function Banner() {
  const { params } = useStore(place);
  useStore(zone);
  const at = params.get("asOf");
  if (!at) return null;
  const known = !Number.isNaN(Date.parse(at));
  return html`<div class="banner" role="status"><${Icon} name="clock" /><span>You look at the network as it was at <strong>${known ? time(at) : at}</strong>.</span>
    <button type="button" class="button" onClick=${() => go(changed({ asOf: null }))}>Back to now <kbd>n</kbd></button></div>`;
}

function Zone() {
  const chosen = useStore(zone);
  return html`<button type="button" class="icon-button zone" onClick=${() => zone.set(chosen === "UTC" ? "local" : "UTC")} aria-label=${`Times in ${chosen === "UTC" ? "UTC" : "local time"}; switch`} title="Switch between UTC and local time">${chosen === "UTC" ? "UTC" : "Local"}</button>`;
}

function Theme() {
  const chosen = useStore(theme);
  useStore(shownTheme);
  const next = { system: "light", light: "dark", dark: "system" };
  const icon = { system: "half", light: "sun", dark: "moon" };
  return html`<button type="button" class="icon-button" onClick=${() => theme.set(/** @type {any} */ (next)[chosen])} aria-label=${`Theme: ${chosen}; switch`} title=${`Theme: ${chosen}`}><${Icon} name=${/** @type {any} */ (icon)[chosen]} /></button>`;
}

const KEYS = [["/", "search"], ["t", "time machine"], ["n", "back to now"], ["d", "switch light and dark"], ["u", "switch UTC and local time"], ["g o", "overview"], ["g n", "nodes"], ["g s", "where to stake"], ["g m", "my nodes"], ["g a", "alerts"], ["g e", "events"], ["?", "this list"], ["← →", "move along a focused chart"]];
const GO = { o: "", n: "nodes", s: "recommendations", m: "mine", a: "alerts", e: "events", c: "collector", t: "topology" };

function useKeys() {
  const waiting = useRef(0);
  useEffect(() => {
    const act = (/** @type {KeyboardEvent} */ event) => {
      if (shortcuts.get() === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
      const target = /** @type {HTMLElement} */ (event.target);
      if (target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
      const { key } = event;
      if (Date.now() - waiting.current < 1_500 && key in GO) {
        waiting.current = 0;
        go(href(/** @type {any} */ (GO)[key]));
      } else if (key === "g") waiting.current = Date.now();
      else if (key === "/") document.getElementById("search")?.focus();
      else if (key === "n") go(changed({ asOf: null }));
      else if (key === "t") document.getElementById("clockwork")?.click();
      else if (key === "d") theme.set(shownTheme.get() === "dark" ? "light" : "dark");
      else if (key === "u") zone.set(zone.get() === "UTC" ? "local" : "UTC");
      else if (key === "?") /** @type {any} */ (document.getElementById("keys"))?.showModal();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  }, []);
}

function Keys() {
  const on = useStore(shortcuts);
  return html`<dialog id="keys" aria-labelledby="keys-title"><form method="dialog">
    <h2 id="keys-title">Keys</h2>
    <table class="plain-table"><tbody>${KEYS.map(([key, what]) => html`<tr key=${key}><th scope="row"><kbd>${key}</kbd></th><td>${what}</td></tr>`)}</tbody></table>
    <p><label class="check"><input type="checkbox" checked=${on === "on"} onChange=${(/** @type {any} */ e) => shortcuts.set(e.target.checked ? "on" : "off")} /> Single keys are shortcuts</label></p>
    <div class="actions"><button class="button">Close</button></div>
  </form></dialog>`;
}
