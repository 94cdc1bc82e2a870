"""Polls the storage nodes, and decides when."""
