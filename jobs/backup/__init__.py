"""Backups: a store written to one file and restored from it, and a store moved to another server."""
