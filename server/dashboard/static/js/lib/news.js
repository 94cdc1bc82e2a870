/** When there is something new: whether the tab is seen, and which snapshot is the newest. */
import { asOf, place, root } from "./router.js";
import { store } from "./view.js";
import { HASHES } from "../operations.js";

/** @typedef {{slot: number | string, slotStart: string, takenAt: string, interval: number, stale: boolean, network: string}} Now */

/** Whether anybody sees the page; a hidden one asks for nothing. */
export const shown = store(!document.hidden);
/** The newest snapshot that is known, whoever brought the word. */
export const newest = store(/** @type {Now | null} */ (null));
/** Changes when a snapshot is announced that no answer was read from yet: time to ask again. */
export const news = store(0);
/** How news come: "live" by a stream, "polling" where streams are blocked, "paused" without. */
export const channel = store(/** @type {"live" | "polling" | "paused"} */ ("paused"));
/** How far the server's clock is ahead of this machine's, in milliseconds. */
export const clockAhead = store(0);

const MIN_POLL_MS = 15_000;
const STREAM_AGAIN_MS = 60_000;

/** @type {EventSource | null} */
let stream = null;
let timer = 0;
/** @type {() => Promise<Now | null>} */
let ask = async () => null;

/** @param {Now} now what an answer was read from */
export function answered(now) {
  const known = newest.get();
  if (!asOf() && (!known || Number(now.slot) >= Number(known.slot))) newest.set(now);
}

/** @param {Now} now */
function announced(now) {
  const known = newest.get();
  const isNew = !known || Number(now.slot) > Number(known.slot);
  answered(now);
  if (isNew) news.set(Number(now.slot));
}

/** Follow the snapshots by server-sent events while the page is seen and shows the present. `pulse` asks once. */
export function follow(/** @type {() => Promise<Now | null>} */ pulse) {
  ask = pulse;
  document.addEventListener("visibilitychange", () => shown.set(!document.hidden));
  shown.subscribe(adjust);
  place.subscribe(adjust);
  adjust();
}

function adjust() {
  if (!shown.get() || asOf()) {
    close();
    channel.set("paused");
  } else if (!stream && !timer) open();
}

function close() {
  stream?.close();
  stream = null;
  clearTimeout(timer);
  timer = 0;
}

function open() {
  const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: HASHES.Live } });
  stream = new EventSource(`${root}/graphql?${new URLSearchParams({ extensions })}`);
  stream.addEventListener("open", () => channel.set("live"));
  stream.addEventListener("next", (event) => {
    const now = JSON.parse(event.data).data?.snapshots;
    if (now) announced(now);
  });
  stream.addEventListener("complete", retry);
  // A browser comes back by itself after a cut; a refusal is final, and a blocked stream never opens.
  stream.addEventListener("error", () => {
    if (!stream || stream.readyState === EventSource.CLOSED || channel.get() !== "live") retry();
  });
}

function retry() {
  close();
  channel.set("polling");
  poll(Date.now() + STREAM_AGAIN_MS);
}

/** @param {number} until */
function poll(until) {
  const seconds = newest.get()?.interval ?? 60;
  timer = setTimeout(async () => {
    timer = 0;
    if (!shown.get() || asOf()) return;
    const now = await ask().catch(() => null);
    if (now) announced(now);
    if (Date.now() > until) adjust();
    else poll(until);
  }, Math.max(MIN_POLL_MS, seconds * 1_000));
}
