"""Execution of documents: limits, checks, cost, the context of resolvers, and the engine that runs operations."""
