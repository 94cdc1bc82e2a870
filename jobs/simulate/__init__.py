"""A pRPC network on loopback: simulated or replayed."""
