"""Requests byte by byte over a socket, so that no library corrects them."""

import contextlib
import json
import socket
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests import asgi

DEADLINE_SECONDS = 15
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


class Request(NamedTuple):
    """The bytes to send. `head` has the header lines besides Host, Connection and Content-Length."""

    method: str
    target: str
    head: Mapping[str, str] = {}
    body: bytes = b""
    host: str = "localhost"

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.head.items()]
        if self.body or self.method == "POST":
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Reply(asgi.Reply):
    """The response. Names of `headers` are in lower case."""

    __slots__ = ()

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors of a GraphQL response, which must have errors and no data."""
        answer = self.json
        assert answer.get("data") is None, f"data beside errors: {self.body!r:.300}"
        return answer["errors"]

    @property
    def codes(self) -> set[str]:
        return {error["extensions"]["code"] for error in self.errors}


def send(url: str, request: Request | bytes) -> Reply:
    """One exchange on a separate connection. A server may respond before it has read everything."""
    raw = request if isinstance(request, bytes) else request.encode()
    method = raw.partition(b" ")[0].decode()
    parts = urlsplit(url)
    assert parts.hostname is not None, url
    with socket.create_connection((parts.hostname, parts.port or 80), DEADLINE_SECONDS) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(raw)
        with HTTPResponse(connection, method=method) as response:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, headers, response.read())


def post(body: object, **head: str) -> Request:
    """A GraphQL request with this JSON, or with these bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": JSON, "Accept": GRAPHQL_JSON}
    given |= {name.replace("_", "-").title(): value for name, value in head.items()}
    return Request("POST", "/graphql", given, raw)


def query(text: str, **head: str) -> Request:
    """A GraphQL request for a document."""
    return post({"query": text}, **head)


def get(text: str, **head: str) -> Request:
    """A GraphQL request for a document, by GET."""
    given = {name.replace("_", "-").title(): value for name, value in head.items()}
    return Request("GET", "/graphql?" + urlencode({"query": text}), given)
