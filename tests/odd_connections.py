"""Data on connections when the server leaves: incomplete, invalid or too large requests and handshakes."""

KEY = "sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    f"sec-websocket-protocol: graphql-transport-ws\r\n{KEY}"
)
INIT = b"\x81\x9a\0\0\0\0" + b'{"type":"connection_init"}'
ODD = {
    "nothing": b"",
    "half a request line": b"GET /pno",
    "half a head": b"GET /pnodes HTTP/1.1\r\nhost: a\r\n",
    "half a handshake": HANDSHAKE.encode(),
    "a handshake with a large cookie": f"{HANDSHAKE}cookie: {'x' * 9_000}\r\n\r\n".encode(),
    "a handshake of 140 lines": HANDSHAKE.encode() + b"x: y\r\n" * 140 + b"\r\n",
    "a handshake with a body": f"{HANDSHAKE}content-length: 5\r\n\r\nhello".encode(),
    "a handshake without a key": f"{HANDSHAKE}\r\n".replace(KEY, "").encode(),
    "a socket that says nothing": f"{HANDSHAKE}\r\n".encode(),
    "a socket in the middle of a frame": f"{HANDSHAKE}\r\n".encode() + b"\x81\xfe",
    "a socket in the middle of a message": f"{HANDSHAKE}\r\n".encode() + b"\x01\x80\0\0\0\0",
    "a socket that has closed": f"{HANDSHAKE}\r\n".encode() + b"\x88\x80\0\0\0\0",
    "a socket with nonsense": f"{HANDSHAKE}\r\n".encode() + b"\xff" * 64,
    "requests whose answers nobody reads": b"GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n" * 200,
    "a trailer without end": b"GET /pnodes HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: b",
    "a body that is refused": b"POST /pnodes HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 99\r\n\r\nx",
    "an offer of h2c": b"GET /pnodes HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n",
}
