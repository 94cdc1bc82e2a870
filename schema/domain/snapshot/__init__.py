"""The whole network in one slot, how old that is, and what the cycle behind it cost."""
