"""MongoDB, behind the protocols of `schema.reads` and `schema.writes`."""
