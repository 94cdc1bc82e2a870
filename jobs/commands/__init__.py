"""The commands of `pnodes`, one module each, and what they share."""
