// How a page uses the generated operations. Compiled, never run.
import { Client, fetchExchange } from "@urql/core";

import { useFragment } from "../build/generated/fragment-masking";
import {
  ChangesDocument,
  NodeRowFragmentDoc,
  NodeTableDocument,
  OverviewDocument,
  type NodeTableQuery,
} from "../build/generated/graphql";

const client = new Client({ url: "/graphql", exchanges: [fetchExchange], preferGetMethod: false });

export async function headline(): Promise<string> {
  const { data } = await client.query(OverviewDocument, {}).toPromise();
  if (!data) return "unknown";
  const score: number | null | undefined = data.networkHealth.score;
  const used: number | string = data.networkHealth.totals.storageUsed;
  return `${data.networkHealth.status}: ${score ?? "?"} points, ${used} bytes`;
}

export async function rows(): Promise<string[]> {
  const variables = { first: 50, where: { status: { eq: "ONLINE" as const }, uptime: { gte: "86400" } } };
  const { data } = await client.query(NodeTableDocument, variables).toPromise();
  const page: NodeTableQuery["pnodes"] | undefined = data?.pnodes;
  return (page?.nodes ?? []).map((node) => {
    const row = useFragment(NodeRowFragmentDoc, node);
    return `${row.address} ${row.score?.composite ?? "-"} ${row.version ?? "-"}`;
  });
}

export function watch(seen: (id: string) => void): () => void {
  const changes = client.subscription(ChangesDocument, {});
  return changes.subscribe(({ data }) => data && seen(data.pnodeChanges.id)).unsubscribe;
}

// @ts-expect-error  `first` is required
void client.query(NodeTableDocument, {}).toPromise();

// @ts-expect-error  a status that does not exist
void client.query(NodeTableDocument, { first: 1, where: { status: { eq: "SLEEPING" } } }).toPromise();
