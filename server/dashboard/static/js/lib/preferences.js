/** What a reader has chosen, kept in this browser alone. Each works without storage, until the page is left. */
import { store } from "./view.js";

/**
 * @template {string} T
 * @param {string} name
 * @param {readonly T[]} choices the first is the default
 */
function preference(name, choices) {
  /** @type {string | null} */
  let kept = null;
  try {
    kept = localStorage.getItem(`pnodes.${name}`);
  } catch {
    kept = null;
  }
  const value = store(/** @type {T} */ (choices.find((choice) => choice === kept) ?? choices[0]));
  value.subscribe(() => {
    try {
      localStorage.setItem(`pnodes.${name}`, value.get());
    } catch {
      // The choice then lasts as long as the page.
    }
  });
  return value;
}

export const theme = preference("theme", /** @type {const} */ (["system", "light", "dark"]));
export const zone = preference("zone", /** @type {const} */ (["UTC", "local"]));
export const shortcuts = preference("shortcuts", /** @type {const} */ (["on", "off"]));

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that is shown, which charts are drawn in. */
export const shownTheme = store(current());

function current() {
  const chosen = theme.get();
  return chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
}

function apply() {
  const chosen = theme.get();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  shownTheme.set(current());
}
theme.subscribe(apply);
dark.addEventListener("change", apply);

const MINE = "pnodes.mine";

/** @returns {string[]} the keys of the nodes that the reader called theirs */
export function myKeys() {
  try {
    const kept = JSON.parse(localStorage.getItem(MINE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((key) => typeof key === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string[]} keys */
export function keepMyKeys(keys) {
  try {
    localStorage.setItem(MINE, JSON.stringify(keys));
  } catch {
    // The URL has them all the same.
  }
}
