// node server.mjs NAME PORT NODES_FILE: one GraphQL server of the comparison, on loopback.
import { createServer } from 'node:http'
import { resolvers, typeDefs } from './schema.mjs'

// Longer than a comparison takes: an answer that a peer keeps is asked for as often as it can give it.
const CACHE_SECONDS = 600

async function mercurius (cached) {
  const { default: fastify } = await import('fastify')
  const { default: plugin } = await import('mercurius')
  const app = fastify()
  app.register(plugin, { schema: typeDefs, resolvers, jit: 1 })
  if (cached) {
    const { default: cache } = await import('mercurius-cache')
    app.register(cache, { ttl: CACHE_SECONDS, policy: { Query: { pnodes: true } } })
  }
  await app.listen({ host: '127.0.0.1', port: Number(process.argv[3]) })
}

async function yoga (cached) {
  const { createSchema, createYoga } = await import('graphql-yoga')
  const plugins = []
  if (cached) {
    const { useResponseCache } = await import('@graphql-yoga/plugin-response-cache')
    plugins.push(useResponseCache({ session: () => null, ttl: CACHE_SECONDS * 1000 }))
  }
  const app = createYoga({ schema: createSchema({ typeDefs, resolvers }), plugins, logging: false, graphiql: false })
  createServer(app).listen(Number(process.argv[3]), '127.0.0.1')
}

const SERVERS = {
  mercurius: () => mercurius(false),
  mercurius_cache: () => mercurius(true),
  yoga: () => yoga(false),
  yoga_cache: () => yoga(true)
}

await SERVERS[process.argv[2]]()
