/** Time series as focusable figures: uPlot draws, arrow keys move, a table holds the same figures. */
import { shortTime, time } from "../lib/format.js";
import { shownTheme, zone } from "../lib/preferences.js";
import { html, useEffect, useMemo, useRef, useState, useStore } from "../lib/view.js";
import { Empty } from "./basic.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {(number | null)[]} values
 * @property {string} color name of a custom property, as `--c1`
 * @property {boolean} [fill]
 * @property {boolean} [stepped]
 */

const RESOLUTION_SECONDS = { RAW: 0, M5: 300, H1: 3_600, D1: 86_400 };
const MAX_ROWS = 200;
const MIN_SPARK = 6;
/** The shortest time that a chart shows, in seconds: the labels of a shorter one would all be equal. */
const MIN_SPAN = 600;

/**
 * Points as columns, with a null wherever buckets are missing, so that a gap is drawn as a gap.
 * @param {{start: string}[]} points
 * @param {Record<string, (point: any) => number | string | null | undefined>} pick
 * @param {string} resolution
 * @param {number} interval of a raw point, in seconds
 */
export function columns(points, pick, resolution, interval) {
  const step = /** @type {any} */ (RESOLUTION_SECONDS)[resolution] || interval;
  /** @type {number[]} */
  const times = [];
  const names = Object.keys(pick);
  /** @type {Record<string, (number | null)[]>} */
  const values = Object.fromEntries(names.map((name) => [name, []]));
  let last = 0;
  for (const point of points) {
    const at = Date.parse(point.start) / 1_000;
    if (last && at - last > step * 1.5) {
      times.push(last + step);
      for (const name of names) values[name].push(null);
    }
    times.push(at);
    for (const name of names) {
      const value = pick[name](point);
      values[name].push(value === null || value === undefined ? null : Number(value));
    }
    last = at;
  }
  return { times, values };
}

/** uPlot, once its file is there. */
function plotter() {
  const present = /** @type {any} */ (globalThis).uPlot;
  if (present) return Promise.resolve(present);
  const script = document.querySelector('script[src$="uplot.js"]');
  return new Promise((done) => {
    const look = () => done(/** @type {any} */ (globalThis).uPlot);
    script?.addEventListener("load", look);
    addEventListener("load", look);
    if (document.readyState === "complete") setTimeout(look, 0);
  });
}

const css = (/** @type {string} */ name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {any} Plot @param {{series: Series[], format: (value: number) => string, ticks?: (value: number) => string, min?: number, max?: number, height: number}} chart @param {number} width @param {number[]} times */
function optionsOf(Plot, { series, format, ticks: tick, min, max, height }, width, times) {
  const long = times.length > 1 && times[times.length - 1] - times[0] > 3 * 86_400;
  const axis = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: `12px ${css("--sans")}` };
  return {
    width,
    height,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    tzDate: zone.get() === "UTC" ? (/** @type {number} */ at) => Plot.tzDate(new Date(at * 1e3), "Etc/UTC") : undefined,
    scales: { x: { time: true, range: (/** @type {any} */ plot) => span(plot.data[0]) }, y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => limits(low, high, min, max) } },
    axes: [
      { ...axis, space: 72, size: 28, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((at) => shortTime(at * 1e3, long)) },
      { ...axis, size: 58, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((value) => (tick ?? format)(value)) },
    ],
    series: [
      {},
      ...series.map(({ label, color, fill, stepped }) => ({
        label,
        stroke: css(color),
        width: 2,
        fill: fill ? `${css(color)}22` : undefined,
        points: { show: times.length < 3, size: 5 },
        paths: stepped ? Plot.paths.stepped({ align: 1 }) : undefined,
        spanGaps: false,
      })),
    ],
  };
}

/** The time that a chart shows. @param {number[]} times */
function span(times) {
  const last = times[times.length - 1];
  return [Math.min(times[0], last - MIN_SPAN), last];
}

/** @param {number | null} low @param {number | null} high @param {number | undefined} min @param {number | undefined} max */
function limits(low, high, min, max) {
  let bottom = min ?? low ?? 0;
  let top = max ?? high ?? 1;
  if (bottom === top) {
    bottom -= min === undefined ? Math.max(1, Math.abs(bottom) * 0.05) : 0;
    top += Math.max(1, Math.abs(top) * 0.05);
  } else if (max === undefined) top += (top - bottom) * 0.08;
  if (min === undefined && low !== null) bottom = Math.max(low >= 0 ? 0 : -Infinity, bottom - (top - bottom) * 0.08);
  return [bottom, top];
}

/**
 * @param {{title: string, times: number[], series: Series[], format: (value: number) => string, ticks?: (value: number) => string, min?: number, max?: number, height?: number, note?: any}} chart
 */
export function TimeChart({ title, times, series, format, ticks, min, max, height = 190, note = null }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const theme = useStore(shownTheme);
  const shownZone = useStore(zone);
  const data = useMemo(() => [times, ...series.map(({ values }) => values)], [times, series]);
  const look = series.map(({ label, color }) => label + color).join();
  useEffect(() => {
    const holder = box.current;
    if (!holder || !times.length) return undefined;
    let gone = false;
    const sizer = new ResizeObserver(() => plot.current?.setSize({ width: holder.clientWidth, height }));
    plotter().then((Plot) => {
      if (gone || !Plot) return;
      const options = optionsOf(Plot, { series, format, ticks, min, max, height }, holder.clientWidth, times);
      plot.current = new Plot({ ...options, hooks: { setCursor: [(/** @type {any} */ each) => setAt(each.cursor.idx ?? null)] } }, data, holder);
      sizer.observe(holder);
    });
    return () => {
      gone = true;
      sizer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, shownZone, look, height, times.length > 0]);
  useEffect(() => plot.current?.setData(data), [data]);

  const move = (/** @type {KeyboardEvent} */ event) => {
    const last = times.length - 1;
    const from = at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, PageUp: from - 10, PageDown: from + 10 }[event.key];
    if (to === undefined || !plot.current) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, to));
    plot.current.setCursor({ left: plot.current.valToPos(times[index], "x"), top: 0 });
    setAt(index);
  };
  const word = at !== null && at < times.length ? `${time(times[at] * 1e3)}: ${series.map(({ label, values }) => `${label} ${told(values[at], format)}`).join(", ")}` : "";
  if (!times.length) return html`<figure class="chart"><figcaption>${title}</figcaption><${Empty}>There are no points yet in this range.<//></figure>`;
  return html`<figure class="chart" role="group" tabindex="0" aria-label=${`Chart: ${title}. Arrow keys move along it.`} onKeyDown=${move}>
    <figcaption><span>${title}</span><span class="legend">${series.map(({ label, color, values }) => html`<span key=${label}><span class="swatch" style=${{ background: `var(${color})` }}></span>${label} <span class="num">${told(values[at ?? lastKnown(values)], format)}</span></span>`)}</span></figcaption>
    <div class="plot" ref=${box} style=${{ minHeight: `${height}px` }}></div>
    <p class="cursor" aria-live="polite">${word || note || "\u00a0"}</p>
    <details><summary>Figures of “${title}”</summary><${Figures} title=${title} times=${times} series=${series} format=${format} /></details>
  </figure>`;
}

/** @param {number | null | undefined} value @param {(value: number) => string} format */
const told = (value, format) => (value === null || value === undefined ? "—" : format(value));

/** @param {(number | null)[]} values */
function lastKnown(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) if (values[i] !== null) return i;
  return 0;
}

function Figures({ title, times, series, format }) {
  const from = Math.max(0, times.length - MAX_ROWS);
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Table of ${title}`}><table class="data dense">
    <thead><tr><th scope="col">Time</th>${series.map(({ label }) => html`<th scope="col" class="right" key=${label}>${label}</th>`)}</tr></thead>
    <tbody>${times.slice(from).map((/** @type {number} */ at, /** @type {number} */ i) => html`<tr key=${at}><td>${time(at * 1e3)}</td>${series.map(({ label, values }) => html`<td class="right num" key=${label}>${told(values[from + i], format)}</td>`)}</tr>`)}</tbody>
  </table></div>${from > 0 && html`<p class="note">The last ${MAX_ROWS} of ${times.length} points.</p>`}`;
}

/** A few numbers as a line the size of a word. @param {{values: (number | null)[], label: string, min?: number, max?: number}} spark */
export function Spark({ values, label, min, max }) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  if (known.length < MIN_SPARK) return null;
  const low = min ?? Math.min(...known);
  const high = max ?? Math.max(...known);
  const x = (/** @type {number} */ i) => (i / (values.length - 1)) * 96 + 2;
  const y = (/** @type {number} */ value) => 22 - ((value - low) / (high - low || 1)) * 20;
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    path += `${i && values[i - 1] !== null ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return html`<svg class="spark" viewBox="0 0 100 24" role="img" aria-label=${label}><path d=${path} /></svg>`;
}

/**
 * How a node was seen, bucket by bucket. A bucket without samples is a gap.
 * @param {{cells: {start: string, share: number | null, samples: number, expected: number}[], day: boolean, label: string}} strip
 */
export function Strip({ cells, day, label }) {
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  useStore(zone);
  const width = 100 / cells.length;
  const tell = (/** @type {number} */ i) => {
    const { start, share, samples, expected } = cells[i];
    return `${day ? shortTime(start, true) : time(start)}: ${share === null ? "not observed" : `online in ${Math.round(share * 1000) / 10} % of ${samples} samples (${expected} possible)`}`;
  };
  const move = (/** @type {KeyboardEvent} */ event) => {
    const to = { ArrowLeft: (at ?? cells.length) - 1, ArrowRight: (at ?? -1) + 1, Home: 0, End: cells.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(cells.length - 1, to)));
  };
  return html`<figure class="strip" role="group" tabindex="0" aria-label=${`${label}. Arrow keys move along it.`} onKeyDown=${move} onMouseLeave=${() => setAt(null)}>
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${cells.map(({ start, share }, i) => html`<rect key=${start} class=${`cell ${toneOf(share)} ${at === i ? "at" : ""}`} x=${i * width + width * 0.08} width=${width * 0.84} y="0" height="10" onMouseEnter=${() => setAt(i)} />`)}</svg>
    <p class="cursor" aria-live="polite">${at === null ? html`<span>${shortTime(cells[0].start, day)}</span><span>${shortTime(cells[cells.length - 1].start, day)}</span>` : tell(at)}</p>
  </figure>`;
}

/** @param {number | null} share */
const toneOf = (share) => (share === null ? "none" : share >= 0.99 ? "good" : share >= 0.9 ? "fair" : share > 0 ? "warn" : "bad");
