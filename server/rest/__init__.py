"""REST: a projection of the same reads as GraphQL, for clients of the earlier API and for probes."""
