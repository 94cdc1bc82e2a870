"""The questions of the schema and the types that answer them, one module for each topic."""
