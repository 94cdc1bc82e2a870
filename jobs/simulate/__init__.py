"""A pRPC network on loopback: simulated from measured figures, or replayed from recorded lists."""
