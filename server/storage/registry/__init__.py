"""The registry: one entry for each node ever seen."""
