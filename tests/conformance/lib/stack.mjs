// The running stacks that the suites ask; started by `python -m tests.conformance`.

function wanted(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the suites with \`make conformance\``);
  return value;
}

export const base = wanted("CONFORMANCE_URL");
export const graphql = `${base}/graphql`;
export const socket = graphql.replace(/^http/, "ws");

// A second stack that lets browsers of one origin in, and few sockets of one address.
export const strictSocket = `${wanted("CONFORMANCE_STRICT_URL").replace(/^http/, "ws")}/graphql`;
export const allowedOrigin = wanted("CONFORMANCE_ALLOWED_ORIGIN");
export const socketsPerAddress = Number(wanted("CONFORMANCE_SOCKETS_PER_ADDRESS"));

// How long a result of a subscription may take: the stack polls every few seconds.
export const patience = 120_000;

/** The parsed answer to one operation. */
export async function answer(query, variables = {}) {
  const response = await fetch(graphql, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** The data of one operation, which must have no errors. */
export async function ask(query, variables) {
  const { data, errors } = await answer(query, variables);
  if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
  return data;
}

/** Addresses of the first nodes, best score first. */
export async function someAddresses(count) {
  const order = "[{field: SCORE, direction: DESC}]";
  const data = await ask(`{pnodes(first: ${count}, orderBy: ${order}) {nodes {address}}}`);
  return data.pnodes.nodes.map((node) => node.address);
}
