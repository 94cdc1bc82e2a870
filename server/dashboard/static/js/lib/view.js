/** The view library, and the stores that views follow. */
export { Component, html, render, useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "../../vendor/preact.js";
import { useEffect, useReducer } from "../../vendor/preact.js";

/**
 * A value that views can follow.
 * @template T
 * @param {T} value
 */
export function store(value) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    /** @param {() => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/**
 * The value of a store; the view is drawn again when it changes.
 * @template T
 * @param {{get: () => T, subscribe: (listener: () => void) => () => void}} followed
 * @returns {T}
 */
export function useStore(followed) {
  const [, draw] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const seen = followed.get();
  useEffect(() => {
    if (!Object.is(seen, followed.get())) draw(0);
    return followed.subscribe(() => draw(0));
  }, [followed]);
  return seen;
}
