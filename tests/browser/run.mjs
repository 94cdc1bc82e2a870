// Runs the checks of a mode, prints a line for each, and ends with 1 where one fails.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as behaviour from "./behaviour.mjs";
import { hostile } from "./hostile.mjs";
import { report } from "./budgets.mjs";
import { WIDTHS, launch, open, overflow, pagesOf, settled, violations } from "./pages.mjs";

const mode = process.argv[2];
const browser = await launch();
const pages = await pagesOf();
let failed = 0;

/** @param {string} name @param {() => Promise<string[]>} check */
async function row(name, check) {
  const began = Date.now();
  let faults;
  try {
    faults = await check();
  } catch (error) {
    faults = [String(error?.message ?? error).slice(0, 600)];
  }
  failed += faults.length ? 1 : 0;
  console.log(`${faults.length ? "FAILED" : "ok    "} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)${faults.map((fault) => `\n         ${fault}`).join("")}`);
}

/** Each page in one scheme and width: accessible, silent, from one origin, no wider than the window. */
async function looks(width, scheme) {
  const { context, page, faults } = await open(browser, { size: WIDTHS[width], scheme });
  for (const [name, path] of Object.entries(pages)) {
    await row(`${name}, ${width}, ${scheme}`, async () => {
      faults.length = 0;
      await page.goto(`${process.env.BASE}${path}`);
      await settled(page);
      const wider = await overflow(page);
      return [...(await violations(page)), ...faults, ...(wider > 0 ? [`${wider} px wider than the window`] : [])];
    });
  }
  await context.close();
}

async function screenshots(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const width of Object.keys(WIDTHS)) {
    for (const scheme of ["light", "dark"]) {
      const { context, page } = await open(browser, { size: WIDTHS[width], scheme });
      for (const [name, path] of Object.entries({ ...pages, explorer: "/graphiql" })) {
        await page.goto(`${process.env.BASE}${path}`);
        await (name === "explorer" ? page.waitForSelector(".graphiql-container") : settled(page));
        await page.waitForLoadState("networkidle").catch(() => undefined);
        await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
      }
      await context.close();
    }
  }
  console.log(`screenshots are in ${folder}`);
}

if (mode === "screenshots") {
  await screenshots(process.env.SCREENSHOTS);
} else {
  const combinations = mode === "quick" ? [["wide", "light"], ["narrow", "dark"]] : Object.keys(WIDTHS).flatMap((width) => [[width, "light"], [width, "dark"]]);
  for (const [width, scheme] of combinations) await looks(width, scheme);
  for (const [name, check] of Object.entries(behaviour.CHECKS)) await row(name, () => check(browser, pages));
  for (const width of mode === "quick" ? ["narrow"] : Object.keys(WIDTHS)) {
    for (const [name, path] of Object.entries(pages)) await row(`hostile ${name}, ${width}`, () => hostile(browser, path, WIDTHS[width]));
  }
  await row("bytes of the first view", () => behaviour.firstView(browser));
  if (mode === "check") await report(browser, process.env.LARGE);
}
await browser.close();
console.log(failed ? `${failed} failed` : "all passed");
process.exit(failed ? 1 : 0);
