"""The REST surface: the same reads as GraphQL, in the shapes of the earlier API, and the probes."""
