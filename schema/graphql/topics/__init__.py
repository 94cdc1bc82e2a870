"""The queries of the schema and their types, one module for each topic."""
