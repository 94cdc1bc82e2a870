"""From a document to an answer: limits, checks, cost, the context of resolvers, and the engine that runs operations."""
