"""Buckets of history: packed, written once their hour or day is over, and read with the open hours."""
