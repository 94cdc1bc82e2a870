/** Questions to the public GraphQL API: by GET and by hash, so that the server's cache answers them. */
import { HASHES } from "../operations.js";
import { answered, clockAhead, news, shown } from "./news.js";
import { asOf, root } from "./router.js";
import { useEffect, useReducer, useRef, useState, useStore } from "./view.js";

const ASSETS = document.documentElement.dataset.assets ?? "";
const ACCEPT = "application/graphql-response+json, application/json;q=0.9";
const MAX_KEPT = 40;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/** @typedef {import("../operations.js").Operations} Operations */

/** What went wrong with a question, in words for the reader. */
export class QueryError extends Error {
  /**
   * @param {string} message
   * @param {string} code of the API, or NETWORK, or HTTP
   * @param {number} [waitMs] how long the server asks to wait
   */
  constructor(message, code, waitMs = 0) {
    super(message);
    this.code = code;
    this.waitMs = waitMs;
  }
}

/** @type {Map<string, any>} */
const kept = new Map();

/**
 * The answer to an operation.
 * @template {keyof Operations} N
 * @param {N} name
 * @param {Operations[N]["variables"]} variables
 * @param {AbortSignal} [signal]
 * @returns {Promise<Operations[N]["data"]>}
 */
export async function ask(name, variables, signal) {
  const query = new URLSearchParams();
  const text = stable(variables);
  if (text !== "{}") query.set("variables", text);
  query.set("extensions", JSON.stringify({ persistedQuery: { version: 1, sha256Hash: HASHES[name] } }));
  let answer = await get(query, signal);
  if (answer.errors?.[0]?.extensions?.code === "PERSISTED_QUERY_NOT_FOUND") {
    // Another release answers than the one that served this page: it learns the document from us.
    query.set("query", await (await fetch(`${ASSETS}/operations/${name}.graphql`, { signal })).text());
    answer = await get(query, signal);
  }
  const error = answer.errors?.[0];
  if (error && !answer.data) throw new QueryError(error.message, error.extensions?.code ?? "UNKNOWN", answer.waitMs);
  const now = answer.data.now ?? answer.data.collector?.snapshot;
  if (now) answered(now);
  return answer.data;
}

/**
 * @param {URLSearchParams} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function get(query, signal) {
  let response;
  try {
    // The server's cache makes asking cheap, and 304 makes it cheaper; a browser's own may be a snapshot late.
    response = await fetch(`${root}/graphql?${query}`, { headers: { accept: ACCEPT }, cache: "no-cache", signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new QueryError("The server cannot be reached.", "NETWORK");
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  // The header has whole seconds: small differences mean nothing.
  if (date && response.status === 200) clockAhead.set(Math.abs(date - Date.now()) > 3_000 ? date - Date.now() : 0);
  const waitMs = Number(response.headers.get("retry-after") ?? 0) * 1_000;
  try {
    return { ...(await response.json()), waitMs };
  } catch {
    if (signal?.aborted) throw new DOMException("aborted", "AbortError");
    throw new QueryError(`The server answered with status ${response.status}.`, "HTTP", waitMs);
  }
}

/** JSON with sorted keys, so that equal questions are equal URLs. */
function stable(/** @type {any} */ value) {
  return JSON.stringify(value, (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).filter(([, each]) => each !== undefined && each !== null && each !== "").sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/**
 * The answer to an operation, asked again with each snapshot. The old picture stays while the next one loads, and after an
 * error, which is retried until it goes away. Nothing is asked while the page is hidden.
 * @template {keyof Operations} N
 * @param {N} name
 * @param {Operations[N]["variables"]} variables
 * @param {{enabled?: boolean, live?: boolean}} [options]
 * @returns {{data: Operations[N]["data"] | null, error: QueryError | null, retryAt: number, loading: boolean, retry: () => void}}
 */
export function useQuery(name, variables, { enabled = true, live = true } = {}) {
  const key = enabled ? `${name} ${stable(variables)}` : "";
  const visible = useStore(shown);
  const slot = useStore(news);
  const [attempt, again] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const failures = useRef(0);
  const [state, setState] = useState({ key, data: kept.get(key) ?? null, error: /** @type {QueryError | null} */ (null), retryAt: 0, loading: enabled });
  const heard = live && !asOf() ? slot : 0;
  useEffect(() => {
    if (!key || !visible) return undefined;
    const control = new AbortController();
    let timer = 0;
    setState((/** @type {any} */ old) => ({ ...old, data: kept.get(key) ?? old.data, loading: true }));
    ask(name, variables, control.signal).then(
      (data) => {
        if (control.signal.aborted) return;
        failures.current = 0;
        keep(key, data);
        setState({ key, data, error: null, retryAt: 0, loading: false });
      },
      (error) => {
        if (control.signal.aborted) return;
        const wait = Math.max(error.waitMs ?? 0, RETRY_MS[Math.min(failures.current, RETRY_MS.length - 1)]);
        failures.current += 1;
        const known = error instanceof QueryError ? error : new QueryError(String(error), "UNKNOWN");
        setState((/** @type {any} */ old) => ({ ...old, key, error: known, retryAt: Date.now() + wait, loading: false }));
        timer = setTimeout(() => again(0), wait);
      },
    );
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [key, visible, heard, attempt]);
  return { ...state, retry: () => again(0) };
}

/** @param {string} key @param {any} data */
function keep(key, data) {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value ?? "");
}
