"""A whole store as BSON documents, and back. Nothing here uses Beanie: two databases may be open at once."""
