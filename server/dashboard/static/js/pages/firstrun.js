/** Before the first snapshot: the collected data, its seeds, and the remedy if no seed answers. */
import { useQuery } from "../lib/data.js";
import { html, useEffect } from "../lib/view.js";
import { FAILURE } from "../lib/words.js";
import { Badge, Card, Heading, Notice, Skeleton, Time, Trouble } from "../ui/basic.js";

const AGAIN_MS = 3_000;

export function FirstRun({ retry }) {
  const query = useQuery("FirstRun", {});
  useEffect(() => {
    const timer = setInterval(() => { query.retry(); retry(); }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  if (!query.data) return html`<${Heading} title="Waiting for the first snapshot" /><${Trouble} query=${query} />${!query.error && html`<${Skeleton} />`}`;
  const { collector, serviceConfig } = query.data;
  const silent = collector.seeds.length > 0 && collector.seeds.every(({ reachable }) => !reachable);
  return html`<${Heading} title="Waiting for the first snapshot">The collector asks every seed of ${serviceConfig.network} once every ${serviceConfig.intervalSeconds} seconds, merges their lists, and stores what they agree on. This page goes on by itself.<//>
    ${collector.causeMessage && html`<${Notice} tone="warn" title="Snapshots do not come yet.">${collector.causeMessage}<//>`}
    ${silent && html`<${Notice} tone="bad" title="No seed answers.">Check IP_NODES (one or more addresses of pNodes, as HOST or HOST:PORT), and that this machine may reach their port 6000. pnodes check-config tests them one by one.<//>`}
    ${!collector.seeds.length && html`<${Notice} tone="warn" title="No worker has reported yet.">Start one: pnodes up runs everything, python -m jobs.worker the collector alone.<//>`}
    ${collector.seeds.length > 0 && html`<${Card} title="Seeds" id="seeds"><div class="scroll" tabindex="0" role="region" aria-label="Seeds"><table class="data"><thead><tr><th scope="col">Seed</th><th scope="col">State</th><th scope="col">Asked</th><th scope="col">What is wrong</th></tr></thead><tbody>
      ${collector.seeds.map((/** @type {any} */ seed) => html`<tr key=${seed.seed}><th scope="row" class="mono"><bdi>${seed.seed}</bdi></th><td><${Badge} tone=${seed.reachable ? "good" : "bad"} label=${seed.reachable ? "answers" : "silent"} /></td><td><${Time} at=${seed.attemptedAt} relative quiet /></td><td>${seed.failure ? (seed.message ?? FAILURE[seed.failure]) : ""}</td></tr>`)}
    </tbody></table></div><//>`}`;
}
