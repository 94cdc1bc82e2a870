"""The dashboard: one static page that asks the public GraphQL API."""
