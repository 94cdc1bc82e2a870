// A network that lies in every text that it can choose: nothing runs, and nothing breaks the layout.
import { BASE, open, overflow, settled } from "./pages.mjs";

const TEXTS = [
  '<img src=x onerror="globalThis.ran=1">',
  "<script>globalThis.ran=1</script>",
  '"><svg onload=globalThis.ran=1>',
  "javascript:globalThis.ran=1",
  "\u202e\u2066evil\u2069 gnp.exe\u202d",
  "\u200b\u200d\ufeff\u2060",
  "W".repeat(10_000),
  "𒐫".repeat(400),
  "{{constructor.constructor('globalThis.ran=1')()}}",
  "a\u0300".repeat(300),
];
const CHOSEN = new Set(["address", "pubkey", "version", "id", "key", "subject", "before", "after", "label", "seed", "message", "recommendation", "reason", "host", "latestVersion", "latestRelease", "value", "network", "causeMessage", "sourceIps", "witnesses", "versions"]);

const MAX_ID = 60;

/** Each text of a chosen field replaced by one of ours; ids stay different from each other. */
function poisoned(value, field = "", count = { n: 0 }) {
  if (Array.isArray(value)) return value.map((each) => poisoned(each, field, count));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, poisoned(each, name, count)]));
  if (typeof value !== "string" || !CHOSEN.has(field)) return value;
  count.n += 1;
  const text = TEXTS[count.n % TEXTS.length];
  // Pages ask again by these, and the server refuses what is too long for a question.
  if (field === "id" || field === "key" || field === "subject") return `${text.slice(0, MAX_ID)}${count.n}`;
  return text;
}

export async function hostile(browser, path, size) {
  const { context, page, faults } = await open(browser, { size });
  await page.route("**/graphql?*", async (route) => {
    if (route.request().resourceType() === "eventsource") return route.abort();
    const response = await route.fetch();
    return route.fulfill({ response, body: JSON.stringify(poisoned(await response.json())) });
  });
  await page.goto(`${BASE}${path}`);
  await settled(page);
  const found = await page.evaluate(() => ({ ran: "ran" in globalThis, links: [...document.links].filter((link) => !/^https?:$/.test(link.protocol)).length, elements: document.querySelectorAll("main img, main script, main iframe").length }));
  const wider = await overflow(page);
  const tall = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll("main td, main th, main dd, main li")].map((cell) => cell.getBoundingClientRect().height)));
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.close();
  return [
    // The stream is cut here, so that no answer escapes the poison; the browser says so.
    ...faults.filter((fault) => !fault.includes("net::ERR_FAILED")),
    ...(found.ran ? ["a script of the network ran"] : []),
    ...(found.links ? [`${found.links} links of other protocols`] : []),
    ...(found.elements ? [`${found.elements} elements of the network's making`] : []),
    ...(wider > 0 ? [`${wider} px wider than the window`] : []),
    ...(tall > 6_000 ? [`a cell is ${tall} px high`] : []),
  ];
}
