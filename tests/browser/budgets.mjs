// How fast pages are: reported, not bounded, since that is a matter of the machine.
import { BASE, open, settled } from "./pages.mjs";

const THROTTLE = 4;
const ROUNDS = 3;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** First contentful paint and data on screen, with a CPU four times slower. */
async function firstView(browser) {
  const paints = [];
  const usable = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { context, page } = await open(browser);
    const wire = await context.newCDPSession(page);
    await wire.send("Emulation.setCPUThrottlingRate", { rate: THROTTLE });
    await page.goto(`${BASE}/dashboard`, { waitUntil: "commit" });
    await page.waitForFunction(() => document.querySelector("main .ring"), undefined, { polling: "raf" });
    usable.push(await page.evaluate(() => performance.now()));
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
    await context.close();
  }
  return `first contentful paint ${median(paints).toFixed(0)} ms, usable ${median(usable).toFixed(0)} ms, CPU ${THROTTLE} times slower`;
}

/** From a click to the new table, for filters and orders of a large network. */
async function largeTable(browser, base) {
  const { context, page } = await open(browser, { base });
  await page.goto(`${base}/dashboard/nodes`);
  await settled(page);
  const times = [];
  for (const column of ["Uptime", "Committed", "Node", "Score", "Seeds", "Version"]) {
    times.push(
      await page.evaluate(
        (name) =>
          new Promise((done) => {
            const first = () => document.querySelector("table.data tbody tr")?.textContent;
            const before = first();
            const began = performance.now();
            const look = () => (first() !== before ? done(performance.now() - began) : requestAnimationFrame(look));
            [...document.querySelectorAll("button.sorter")].find((button) => button.textContent.startsWith(name)).click();
            look();
          }),
        column,
      ),
    );
    await settled(page);
  }
  await context.close();
  return `10,000 nodes: an order is answered within ${Math.max(...times).toFixed(0)} ms, median ${median(times).toFixed(0)} ms`;
}

export async function report(browser, large) {
  console.log(`       ${await firstView(browser)}`);
  if (large) console.log(`       ${await largeTable(browser, large)}`);
}
