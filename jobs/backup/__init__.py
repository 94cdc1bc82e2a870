"""Backups: a store as one file, and back; a store carried over to another server."""
