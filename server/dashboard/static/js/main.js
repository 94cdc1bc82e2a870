/** Starts the dashboard: shows the page that the URL names, each loaded when first needed. */
import { ask } from "./lib/data.js";
import { follow } from "./lib/news.js";
import { place, href } from "./lib/router.js";
import { Component, html, render, useEffect, useState, useStore } from "./lib/view.js";
import { Heading, Notice, Skeleton } from "./ui/basic.js";
import { Shell } from "./ui/shell.js";

/** @type {Record<string, [title: string, load: () => Promise<{default: any}>]>} */
const PAGES = {
  "": ["Overview", () => import("./pages/overview.js")],
  nodes: ["Nodes", () => import("./pages/nodes.js")],
  node: ["Node", () => import("./pages/node.js")],
  compare: ["Compare", () => import("./pages/compare.js")],
  recommendations: ["Where to stake", () => import("./pages/recommendations.js")],
  operators: ["Operators", () => import("./pages/operators.js")],
  topology: ["Topology", () => import("./pages/topology.js")],
  alerts: ["Alerts", () => import("./pages/alerts.js")],
  events: ["Events", () => import("./pages/events.js")],
  collector: ["Collector", () => import("./pages/collector.js")],
  mine: ["My nodes", () => import("./pages/mine.js")],
  about: ["About", () => import("./pages/about.js")],
};

/** @type {Map<string, any>} */
const loaded = new Map();

function Pages() {
  const { page } = useStore(place);
  const [, setReady] = useState(/** @type {string | null} */ (null));
  const [broken, setBroken] = useState(/** @type {string | null} */ (null));
  const found = PAGES[page];
  useEffect(() => {
    if (!found || loaded.has(page)) return;
    found[1]().then(
      (module) => {
        loaded.set(page, module.default);
        setReady(page);
      },
      (failed) => {
        console.error(failed);
        setBroken(page);
      },
    );
  }, [page]);
  const View = loaded.get(page);
  const title = found?.[0] ?? "No such page";
  let content;
  if (!found) content = html`<${Heading} title="No such page"><a href=${href("")}>Back to the overview</a><//>`;
  else if (View) content = html`<${Guard} key=${page}><${View} /><//>`;
  else if (broken === page) content = html`<${Reload} />`;
  else content = html`<${Heading} title=${title} /><${Skeleton} />`;
  return html`<${Shell} title=${title}>${content}<//>`;
}

const Reload = () =>
  html`<${Notice} tone="warn" title="This page could not be loaded." action=${html`<button type="button" class="button" onClick=${() => location.reload()}>Load again</button>`}>
    The server may have been updated since you opened the dashboard.<//>`;

/** A page that fails says so; the others go on. */
class Guard extends Component {
  constructor(/** @type {any} */ props) {
    super(props);
    this.state = { failed: null };
  }
  componentDidCatch(/** @type {unknown} */ failed) {
    console.error(failed);
    this.setState({ failed });
  }
  render() {
    return this.state.failed ? html`<${Reload} />` : this.props.children;
  }
}

follow(async () => /** @type {any} */ ((await ask("Pulse", {})).now));
const app = document.getElementById("app");
if (app) {
  app.textContent = "";
  render(html`<${Pages} />`, app);
}
