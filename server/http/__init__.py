"""The layers between a connection and a route: access log, cache, compression, entity tags, rate limit, whole
responses."""
