"""Snapshots and the carried data of commits: written by a worker, read by every API process."""
