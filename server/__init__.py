"""Keeps the data in MongoDB, and serves it."""
