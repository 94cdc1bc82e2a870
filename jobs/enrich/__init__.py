"""Data about nodes from other sources than gossip: credits and registrations, fetched from URLs of the operator."""
