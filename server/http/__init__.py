"""What stands between a connection and a route: access log, cache, compression, entity tags, rate limit, whole replies."""
