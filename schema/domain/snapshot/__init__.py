"""The whole network in one slot, its age, and the cost of its cycle."""
