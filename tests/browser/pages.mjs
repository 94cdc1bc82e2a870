// The browser, the pages that are driven, and how a page is told to be ready.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../server/dashboard/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const BASE = process.env.BASE;
export const WIDTHS = { wide: { width: 1280, height: 860 }, narrow: { width: 360, height: 740 } };
const PATIENCE_MS = 60_000;
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });

/** Every page by its name, with a state that is not the default where it has one. */
export async function pagesOf(base = BASE) {
  const query = "{ pnodes(first: 3, where: {status: {eq: ONLINE}}, orderBy: [{field: SCORE, direction: DESC}]) { nodes { id address } } snapshot { slotStart } }";
  const answer = await fetch(`${base}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query }) });
  const { pnodes, snapshot } = (await answer.json()).data;
  const [first] = pnodes.nodes;
  const keys = encodeURIComponent(pnodes.nodes.map(({ address, id }) => address ?? id).join(","));
  return {
    overview: "/dashboard?range=6h",
    nodes: "/dashboard/nodes?status=ONLINE&sort=UPTIME&size=25",
    node: `/dashboard/node?id=${encodeURIComponent(first.id)}&range=2h`,
    compare: `/dashboard/compare?nodes=${keys}`,
    recommendations: "/dashboard/recommendations?days=1",
    operators: "/dashboard/operators?by=addresses",
    topology: "/dashboard/topology",
    alerts: "/dashboard/alerts?severity=WARNING",
    events: "/dashboard/events",
    collector: "/dashboard/collector",
    mine: `/dashboard/mine?keys=${keys}`,
    about: "/dashboard/about",
    past: `/dashboard?asOf=${encodeURIComponent(snapshot.slotStart)}`,
  };
}

/** A page in a context of its own, and everything that it must not do. */
export async function open(browser, { size = WIDTHS.wide, scheme = "light", base = BASE } = {}) {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  const asked = [];
  page.on("console", (message) => faults.push(`console ${message.type()}: ${message.text().slice(0, 300)}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message.slice(0, 300)}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`)) faults.push(`asked elsewhere: ${request.url().slice(0, 200)}`);
    if (request.url().startsWith(`${base}/graphql`)) asked.push({ stream: request.resourceType() === "eventsource", at: Date.now() });
  });
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`status ${response.status()}: ${response.url().slice(0, 200)}`);
  });
  return { context, page, faults, asked, questions: () => asked.filter(({ stream }) => !stream).length };
}

/** Until the page shows its data, and nothing that stands for it. */
export async function settled(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready && document.querySelector("main h1") && !document.querySelector("main .skeleton"));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** What axe-core finds against WCAG 2.2 A and AA. */
export async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length}×, as ${nodes[0].target.join(" ").slice(0, 90)} ${nodes[0].failureSummary?.replace(/\s+/g, " ").slice(0, 220)})`);
}

/** How far the page is wider than its window. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
