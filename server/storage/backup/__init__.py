"""Converts a whole store to BSON documents and back. Nothing here uses Beanie, so two databases may be open at once."""
