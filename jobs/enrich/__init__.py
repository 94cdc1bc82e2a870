"""What is known of nodes besides gossip: credits and registrations, each fetched from a URL that the operator gives."""
