"""Snapshots and what a commit carries: written by a worker, read by every API process."""
