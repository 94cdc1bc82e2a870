"""Is a running deployment whole? The checks of the deployment guide, each with what was expected and what came."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from operator import eq
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
OK = 200
MAX_ANSWER_BYTES = 32 * 2**20
API_NAME = "Xandeum PNode Analytics API"
QUESTION = "{ snapshot { slot } pnodes(first: 1) { totalCount } networkHealth { score } }"

Fetch = Callable[[str, bytes | None], tuple[int, Any]]
"""From a path and a body to post (None: get) to the status and the JSON of the answer. Raises OSError, ValueError."""


class Check(NamedTuple):
    """A request, where in its answer to look, and what must be there: a rule, and the sentence that says it."""

    name: str
    path: str
    at: tuple[str | int, ...]
    rule: Callable[[object], bool]
    expected: str
    body: bytes | None = None

    @property
    def place(self) -> str:
        """Where to look, as jq would write it."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.at)


class Outcome(NamedTuple):
    """How a check went; `found` tells what came instead of what was expected."""

    check: Check
    passed: bool
    found: str = ""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _above_zero(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _object(value: object) -> bool:
    return isinstance(value, dict)


CHECKS = (
    Check("health", "/health", ("status",), partial(eq, "healthy"), "healthy"),
    Check("age", "/health", ("snapshot_age_seconds",), _number, "a number"),
    Check("freshness", "/health", ("last_updated",), _number, "a number"),
    Check("identity", "/", ("api_name",), partial(eq, API_NAME), API_NAME),
    Check("nodes", "/", ("system_status", "nodes_tracked"), _above_zero, "a number above 0"),
    Check("list", "/pnodes?limit=1", ("pnodes", 0, "address"), _text, "a text"),
    Check("recommendations", "/recommendations?limit=1", ("recommendations", 0, "score"), _number, "a number"),
    Check("network health", "/network/health", ("health", "health_score"), _number, "a number"),
    Check("analytics", "/network/analytics", ("performance",), _object, "an object"),
    Check(
        "GraphQL",
        "/graphql",
        ("data", "snapshot", "slot"),
        _number,
        "a number",
        json.dumps({"query": QUESTION}).encode(),
    ),
)


def verify(fetch: Fetch) -> Iterator[Outcome]:
    """The outcome of each check, as they are made. Never raises for what the server does."""
    for check in CHECKS:
        try:
            status, body = fetch(check.path, check.body)
        except (OSError, ValueError) as error:
            yield Outcome(check, passed=False, found=f"no usable answer: {error}")
            continue
        value = _value(body, check.at)
        passed = status == OK and check.rule(value)
        yield Outcome(check, passed, "" if passed else f"status {status}, {check.place} is {_short(value)}")


def _value(body: Any, at: tuple[str | int, ...]) -> object:
    """What stands there in a JSON value; None where there is no such place."""
    for step in at:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def fetcher(url: str) -> Fetch:
    """Requests to the server at this URL, past any proxy. Raises ValueError for what is no such URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not a server's address: expected http://HOST[:PORT] or https://HOST[:PORT]")
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def fetch(path: str, body: bytes | None) -> tuple[int, Any]:
        headers = {"Accept": "application/json", "User-Agent": "pnodes-verify"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(base + path, data=body, headers=headers)  # noqa: S310  (http or https, see above)
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, _json(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _json(refused)

    return fetch


def _json(answer: Any) -> Any:
    text = cast("bytes", answer.read(MAX_ANSWER_BYTES))
    return json.loads(text)


def _short(body: Any) -> str:
    return json.dumps(body)[:200]
