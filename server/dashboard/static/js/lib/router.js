/** The address bar as the only state of a page: which page, and its parameters. */
import { store, useStore } from "./view.js";

export const root = document.documentElement.dataset.root ?? "";
const BASE = `${root}/dashboard`;

/** @typedef {Record<string, string | number | boolean | null | undefined>} Params */

function read() {
  const page = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length).replace(/^\/|\/$/g, "") : "";
  return { page, params: new URLSearchParams(location.search) };
}

export const place = store(read());

/** The time that every page shows; "" for now. */
export function asOf() {
  return place.get().params.get("asOf") ?? "";
}

/**
 * The URL of a page. The shown time goes along.
 * @param {string} page
 * @param {Params} [params]
 */
export function href(page, params = {}) {
  const query = new URLSearchParams();
  /** @type {Params} */
  const all = { asOf: asOf(), ...params };
  for (const [name, value] of Object.entries(all)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return `${BASE}${page ? `/${page}` : ""}${text ? `?${text}` : ""}`;
}

/**
 * Show another URL. `replace` keeps the history as it is: for what changes while somebody types or drags.
 * @param {string} url
 * @param {{replace?: boolean}} [how]
 */
export function go(url, { replace = false } = {}) {
  if (url === location.pathname + location.search) return;
  const before = place.get().page;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  place.set(read());
  if (place.get().page !== before) {
    scrollTo(0, 0);
    requestAnimationFrame(() => document.querySelector("main")?.focus({ preventScroll: true }));
  }
}

/**
 * This page with some parameters changed; null and "" take one away.
 * @param {Params} changes
 */
export function changed(changes) {
  const { page, params } = place.get();
  return href(page, { ...Object.fromEntries(params), ...changes });
}

/**
 * A parameter of this page, and how to change it.
 * @param {string} name
 * @param {string} [fallback] what a missing parameter means, which is never written to the URL
 * @returns {[string, (value: string, how?: {replace?: boolean, reset?: string[]}) => void]}
 */
export function useParam(name, fallback = "") {
  const { params } = useStore(place);
  return [
    params.get(name) ?? fallback,
    (value, { replace = false, reset = [] } = {}) => {
      const changes = Object.fromEntries(reset.map((other) => [other, null]));
      go(changed({ ...changes, [name]: value === fallback ? null : value }), { replace });
    },
  ];
}

addEventListener("popstate", () => place.set(read()));
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const plain = link.origin === location.origin && !link.target && !link.hasAttribute("download");
  if (plain && (link.pathname === BASE || link.pathname.startsWith(`${BASE}/`)) && !link.hash) {
    event.preventDefault();
    go(link.pathname + link.search);
  }
});
