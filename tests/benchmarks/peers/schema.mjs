// The part of this project's schema that the comparison asks for, over the same nodes, held in memory.
import { readFileSync } from 'node:fs'

export const typeDefs = `
  scalar BigInt
  enum PNodeStatus { ONLINE GHOST OFFLINE UNKNOWN }
  enum Tier { LOW_RISK MEDIUM_RISK HIGH_RISK }
  enum PNodeOrderField { ADDRESS UPTIME STORAGE_COMMITTED STORAGE_USED WITNESS_COUNT }
  enum OrderDirection { ASC DESC }
  input PNodeOrder { field: PNodeOrderField! direction: OrderDirection! = ASC }
  type Score { composite: Float tier: Tier }
  type PNode {
    id: ID!
    address: String
    pubkey: String
    status: PNodeStatus!
    version: String
    uptime: BigInt
    storageCommitted: BigInt
    storageUsed: BigInt
    witnessCount: Int!
    score: Score
  }
  type PNodeConnection { nodes: [PNode!]! }
  type Query { pnodes(first: Int = 50, orderBy: [PNodeOrder!]): PNodeConnection! }
`

// The fields of a node that the enum's values order by.
const FIELDS = {
  ADDRESS: 'address',
  UPTIME: 'uptime',
  STORAGE_COMMITTED: 'storageCommitted',
  STORAGE_USED: 'storageUsed',
  WITNESS_COUNT: 'witnessCount'
}

const nodes = JSON.parse(readFileSync(process.argv[4], 'utf8'))

// Null comes last in both directions, as in this project's lists.
function compareValues (one, other, sign) {
  if (one === other) return 0
  if (one === null) return 1
  if (other === null) return -1
  return one < other ? -sign : sign
}

function ordered (orderBy) {
  return nodes.toSorted((one, other) => {
    for (const { field, direction } of orderBy) {
      const found = compareValues(one[FIELDS[field]], other[FIELDS[field]], direction === 'DESC' ? -1 : 1)
      if (found !== 0) return found
    }
    return compareValues(one.id, other.id, 1)
  })
}

export const resolvers = {
  Query: {
    pnodes: (_, { first, orderBy }) => ({ nodes: (orderBy ? ordered(orderBy) : nodes).slice(0, first) })
  }
}
