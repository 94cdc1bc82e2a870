"""Connections: who may open them, what they may send, and how long they may take. `server.transport.protocol` is the HTTP side."""
