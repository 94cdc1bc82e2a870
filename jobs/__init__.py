"""Asks the storage nodes, and decides when."""
