/** Starts GraphiQL over this server, with the examples of the documentation as tabs. */
import { EXAMPLES } from "./examples.js";

const { React, ReactDOM, GraphiQL } = /** @type {any} */ (globalThis);
const root = document.documentElement.dataset.root ?? "";
const FIRST_TABS = 6;

/** @param {any} parameters @param {any} options */
function fetcher(parameters, { documentAST, headers = {} } = /** @type {any} */ ({})) {
  const operation = documentAST?.definitions.find((/** @type {any} */ each) => each.kind === "OperationDefinition" && (!parameters.operationName || each.name?.value === parameters.operationName));
  return operation?.operation === "subscription" ? stream(parameters, headers) : once(parameters, headers);
}

/** @param {any} parameters @param {Record<string, string>} headers @param {string} accept */
const post = (parameters, headers, accept) =>
  fetch(`${root}/graphql`, { method: "POST", headers: { ...headers, "content-type": "application/json", accept }, body: JSON.stringify(parameters) });

/** @param {any} parameters @param {Record<string, string>} headers */
async function once(parameters, headers) {
  return (await post(parameters, headers, "application/graphql-response+json, application/json")).json();
}

/** The results of a subscription, from server-sent events. @param {any} parameters @param {Record<string, string>} headers */
async function* stream(parameters, headers) {
  const response = await post(parameters, headers, "text/event-stream");
  if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
    yield await response.json();
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = block.split("\n").find((line) => line.startsWith("data: "));
        if (block.startsWith("event: complete")) return;
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } finally {
    await reader.cancel();
  }
}

const asked = new URLSearchParams(location.search);
const tabs = EXAMPLES.slice(0, FIRST_TABS).map(({ query, variables }) => ({ query, variables }));
const holder = document.getElementById("explorer");
const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
if (holder) {
  const options = { fetcher, defaultTabs: tabs, defaultTheme: null, forcedTheme: dark, shouldPersistHeaders: false, ...(asked.get("query") ? { query: asked.get("query"), variables: asked.get("variables") ?? "" } : {}) };
  ReactDOM.createRoot(holder).render(React.createElement(GraphiQL, options, React.createElement(GraphiQL.Logo, null, React.createElement("span"))));
}
const select = /** @type {HTMLSelectElement | null} */ (document.getElementById("example"));
for (const { title } of EXAMPLES) select?.append(new Option(title));
select?.addEventListener("change", () => {
  const example = EXAMPLES.find(({ title }) => title === select.value);
  if (!example) return;
  const url = new URL(location.href);
  url.search = String(new URLSearchParams({ query: example.query, ...(example.variables ? { variables: example.variables } : {}) }));
  location.assign(url);
});
