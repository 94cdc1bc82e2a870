// What pages do: history, state in the URL, live news, keys, and how much they ask.
import { BASE, WIDTHS, open, settled } from "./pages.mjs";

const MAX_FIRST_VIEW_BYTES = 100_000;
const MAX_NODE_QUESTIONS = 3;
const MAX_QUESTIONS_A_SLOT = 2;
const SLOTS = process.argv[2] === "quick" ? 1 : 3;

const text = (page, selector) => page.locator(selector).first().innerText();
const expected = (what, found, wanted) => (found === wanted ? [] : [`${what}: ${found}, expected ${wanted}`]);

async function session(browser, path, act) {
  const opened = await open(browser);
  await opened.page.goto(`${BASE}${path}`);
  await settled(opened.page);
  const faults = await act(opened.page, opened);
  await opened.context.close();
  return [...faults, ...opened.faults];
}

const backAndForward = (browser, pages) =>
  session(browser, pages.overview, async (page) => {
    await page.click('nav a[href*="/nodes"]');
    await settled(page);
    const list = page.url();
    await page.locator("table.data tbody a").first().click();
    await settled(page);
    const node = page.url();
    await page.goBack();
    await settled(page);
    const faults = expected("back", page.url(), list);
    await page.goBack();
    await settled(page);
    faults.push(...expected("back to the overview", await text(page, "h1"), "Overview"));
    await page.goForward();
    await page.goForward();
    await settled(page);
    return [...faults, ...expected("forward", page.url(), node)];
  });

const stateSurvivesReload = (browser, pages) =>
  session(browser, "/dashboard/nodes", async (page) => {
    await page.selectOption("label:has-text('Status') select", "GHOST");
    await settled(page);
    await page.click("button.sorter:has-text('Uptime')");
    await page.waitForURL(/sort=UPTIME/);
    await page.waitForSelector("th[aria-sort]:has-text('Uptime')");
    await settled(page);
    const before = [page.url(), await text(page, ".lead")];
    await page.reload();
    await settled(page);
    const faults = expected("address and count", JSON.stringify([page.url(), await text(page, ".lead")]), JSON.stringify(before));
    faults.push(...expected("filter", await page.inputValue("label:has-text('Status') select"), "GHOST"));
    faults.push(...expected("order", await page.getAttribute("th:has(button.sorter.active)", "aria-sort"), "descending"));
    for (const [name, path] of Object.entries(pages)) {
      if (process.argv[2] === "quick" && !["node", "mine", "past"].includes(name)) continue;
      await page.goto(`${BASE}${path}`);
      await settled(page);
      const shown = [page.url(), await text(page, "h1")];
      await page.reload();
      await settled(page);
      faults.push(...expected(`reload of ${name}`, JSON.stringify([page.url(), await text(page, "h1")]), JSON.stringify(shown)));
    }
    return faults;
  });

const searchFindsANode = (browser) =>
  session(browser, "/dashboard", async (page) => {
    await page.goto(`${BASE}/dashboard/nodes`);
    await settled(page);
    const address = await text(page, "table.data tbody a");
    await page.keyboard.press("/");
    await page.keyboard.type(address);
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=/);
    await page.waitForFunction(() => document.querySelectorAll("table.data tbody tr").length === 1);
    return expected("found", await text(page, "table.data tbody a"), address);
  });

const timeMachine = (browser, pages) =>
  session(browser, pages.past, async (page, { asked }) => {
    const faults = expected("banners", await page.locator(".banner").count(), 1);
    await page.click('nav a[href*="/alerts"]');
    await settled(page);
    if (!page.url().includes("asOf=")) faults.push("the time is lost on the way to another page");
    if (asked.some(({ stream }) => stream)) faults.push("the past is followed by a stream");
    await page.keyboard.press("n");
    await page.waitForFunction(() => !location.search.includes("asOf"));
    return [...faults, ...expected("banners after n", await page.locator(".banner").count(), 0)];
  });

const keysAndTheme = (browser) =>
  session(browser, "/dashboard", async (page) => {
    await page.keyboard.press("Tab");
    const faults = expected("first stop of the keyboard", await page.evaluate(() => document.activeElement?.className), "skip");
    await page.keyboard.press("d");
    const theme = await page.getAttribute("html", "data-theme");
    await page.reload();
    await settled(page);
    faults.push(...expected("theme after reload", await page.getAttribute("html", "data-theme"), theme));
    await page.locator("figure.chart .u-over").first().waitFor();
    await page.locator("figure.chart").first().focus();
    await page.keyboard.press("End");
    const told = await text(page, "figure.chart .cursor");
    return told.includes("online") ? faults : [...faults, `the chart says “${told}” after an arrow key`];
  });

const nodeAsksLittle = (browser, pages) =>
  session(browser, pages.node, async (_, { questions }) => (questions() <= MAX_NODE_QUESTIONS ? [] : [`a node's page asks ${questions()} times`]));

/** Slots go by, news come by themselves, and each costs two questions at most; a hidden page asks nothing. */
const liveAndQuiet = (browser, pages) =>
  session(browser, pages.overview, async (page, { questions }) => {
    const wait = (slots) =>
      page.evaluate(
        (count) =>
          new Promise((done) => {
            const seen = new Set();
            const source = new EventSource(`/graphql?query=${encodeURIComponent("subscription { snapshots { slot } }")}`);
            source.addEventListener("next", (event) => {
              seen.add(event.data);
              if (seen.size > count) {
                source.close();
                setTimeout(done, 1_500);
              }
            });
          }),
        slots,
      );
    await wait(0);
    const before = questions();
    await wait(SLOTS);
    const asked = questions() - before;
    const faults = asked <= (SLOTS + 1) * MAX_QUESTIONS_A_SLOT ? [] : [`${asked} questions in ${SLOTS + 1} slots`];
    if (asked === 0) faults.push("news are not shown by themselves");
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const hidden = questions();
    await wait(1);
    return [...faults, ...expected("questions of a hidden page", questions() - hidden, 0)];
  });

/** An outage: the old picture stays, the page says so, and goes on by itself. */
const outage = (browser, pages) =>
  session(browser, pages.overview, async (page, { faults }) => {
    const shown = await text(page, ".lead");
    await page.route("**/graphql?*", (route) => route.abort());
    await page.waitForSelector(".notice.bad");
    const wrong = expected("picture during an outage", (await text(page, ".lead")) === "" ? "gone" : "there", "there");
    await page.unroute("**/graphql?*");
    await page.waitForSelector(".notice.bad", { state: "detached" });
    // The browser itself reports the requests that this check aborts.
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes("net::ERR_FAILED")));
    return shown ? wrong : [...wrong, "the overview has no lead"];
  });

const explorer = async (browser) => {
  const { context, page, faults } = await open(browser);
  await page.goto(`${BASE}/graphiql`);
  await page.click(".graphiql-execute-button");
  await page.waitForFunction(() => document.querySelector(".result-window")?.textContent?.includes("totalCount"));
  const tabs = await page.locator(".graphiql-tab").count();
  await page.selectOption("#example", { index: 3 });
  await page.waitForURL(/query=/);
  await page.waitForSelector(".graphiql-container");
  await context.close();
  return [...(tabs > 3 ? [] : [`the explorer has ${tabs} tabs`]), ...faults];
};

/** Three clicks from the entrance, for somebody who knows nothing. */
const threeClicks = (browser) =>
  session(browser, "/dashboard", async (page) => {
    const faults = [];
    await page.click("text=Why, and more");
    await settled(page);
    if ((await page.locator(".pick").count()) < 3) faults.push("where to stake: fewer than three nodes");
    if ((await page.locator(".pick .criteria .pass").count()) < 3) faults.push("where to stake: no reasons");
    await page.click("nav >> text=Overview");
    await settled(page);
    await page.waitForSelector("text=Since yesterday");
    await page.click("nav >> text=My nodes");
    await settled(page);
    if (!(await page.locator("input[placeholder='Address or public key']").count())) faults.push("my nodes cannot be named");
    return faults;
  });

export const CHECKS = {
  "back and forward": backAndForward,
  "state survives reload": stateSurvivesReload,
  "search by the keyboard": searchFindsANode,
  "time machine": timeMachine,
  "keys, theme, charts by arrows": keysAndTheme,
  "a node's page asks at most three times": nodeAsksLittle,
  "news by themselves, two questions a slot, none when hidden": liveAndQuiet,
  "an outage": outage,
  explorer,
  "three clicks": threeClicks,
};

/** What the first view costs on the wire, with headers, charts included. */
export async function firstView(browser) {
  const { context, page } = await open(browser, { size: WIDTHS.wide });
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  const sizes = new Map();
  let bytes = 0;
  wire.on("Network.responseReceived", ({ requestId, response }) => sizes.set(requestId, response.url));
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (sizes.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(`${BASE}/`);
  await settled(page);
  await page.locator("figure.chart .u-over").first().waitFor();
  await context.close();
  console.log(`       first view: ${bytes} bytes in ${sizes.size} responses`);
  return bytes <= MAX_FIRST_VIEW_BYTES ? [] : [`${bytes} bytes, expected at most ${MAX_FIRST_VIEW_BYTES}`];
}
