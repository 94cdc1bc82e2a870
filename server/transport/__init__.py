"""Connections and their bounds: how many there are, what clients may send, and how long they may take. HTTP is in
`server.transport.protocol`."""
