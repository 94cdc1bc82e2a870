"""Checks a running deployment with the checks of the deployment guide. Each reports what was expected and what was
found."""

import http.client
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
NOT_FOUND = 404
MAX_ANSWER_BYTES = 32 * 2**20
API_NAME = "Xandeum PNode Analytics API"
QUESTION = "{ snapshot { slot } pnodes(first: 1) { totalCount } networkHealth { score } }"

MAX_PARENTS = 8
"""Folders above a URL that are tried as the server's address."""

Fetch = Callable[[str, bytes | None], tuple[int, Any]]
"""Sends a body to a path (None: GET) and returns the status and the JSON of the response. Raises OSError, ValueError.
"""


class NotThere(Exception):
    """No server of ours answers at a URL. The message says what does, and which address to use instead."""


class Check(NamedTuple):
    """A request, a path into its response, and the expected value there: a rule, and the sentence that describes it."""

    name: str
    path: str
    at: tuple[str | int, ...]
    rule: Callable[[object], bool]
    expected: str
    body: bytes | None = None

    @property
    def place(self) -> str:
        """The path in jq syntax."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.at)


class Outcome(NamedTuple):
    """The result of a check. `found` describes the actual value if it is not the expected one."""

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


def _scored(value: object) -> bool:
    """A list of scored nodes. It may be empty, because a young network has none that qualify."""
    return isinstance(value, list) and all(_number(_value(item, ("score",))) for item in cast("list[object]", value))


CHECKS = (
    Check("health", "/health", ("status",), partial(eq, "healthy"), "healthy"),
    Check("age", "/health", ("snapshot_age_seconds",), _number, "a number"),
    Check("freshness", "/health", ("last_updated",), _number, "a number"),
    Check("identity", "/", ("api_name",), partial(eq, API_NAME), API_NAME),
    Check("nodes", "/", ("system_status", "nodes_tracked"), _above_zero, "a number above 0"),
    Check("list", "/pnodes?status=all&limit=1", ("pnodes", 0, "address"), _text, "a text"),
    Check("recommendations", "/recommendations?limit=1", ("recommendations",), _scored, "a list, with scores"),
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
    """Yields the result of each check as it is made. Never raises because of the server."""
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
    """The value at this path in a JSON value. None if the path does not exist."""
    for step in at:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def local_url(host: str, port: int) -> str:
    """The URL at which a server that listens on this host and port is reachable from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  (not bound here)  # nosec B104
    return f"http://{reachable}:{port}"


def find(url: str) -> Fetch:
    """Requests to our server at this URL. Raises NotThere if there is none, ValueError for an invalid URL."""
    base = _base(url)
    fetch = fetcher(base)
    try:
        status, health = fetch("/health", None)
        known = status != NOT_FOUND and isinstance(health, dict) and "status" in health
        what = f"GET {base}/health has status {status}"
    except ValueError:
        known, what = False, f"GET {base}/health has no JSON"
    except OSError as error:
        raise NotThere(
            f"no answer at {base}: {_reason(error)}; is the server running, and is this its address?"
        ) from None
    if known or _is_ours(fetch):
        return fetch
    for parent in _parents(base):
        if _is_ours(fetcher(parent)):
            raise NotThere(f"{url} is a page of the server, not its address: give {parent}")
    raise NotThere(f"what answers at {base} is not this API: {what}")


def _is_ours(fetch: Fetch) -> bool:
    try:
        return _value(fetch("/", None)[1], ("api_name",)) == API_NAME
    except (OSError, ValueError):
        return False


def _parents(base: str) -> Iterator[str]:
    root = base.index("/", base.index("//") + 2) if base.count("/") > 2 else len(base)  # noqa: PLR2004  (those of http://)
    for _ in range(MAX_PARENTS):
        if len(base) <= root:
            return
        base = base.rpartition("/")[0]
        yield base


def _reason(error: OSError) -> str:
    """Why there was no response, without the wrapping that urllib adds."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS:g} s"
    return str(getattr(cause, "strerror", None) or cause)


def _base(url: str) -> str:
    """The URL without a trailing slash. Raises ValueError if it is not the address of a server."""
    parts = urlsplit(url)
    try:
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or not url.isprintable() or " " in url:
        meant = f"; did you mean http://{url}?" if "://" not in url and url[:1].isalnum() else ""
        raise ValueError(
            f"{url!r} is not a server's address: expected http://HOST[:PORT] or https://HOST[:PORT]{meant}"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def fetcher(url: str) -> Fetch:
    """Requests to the server at this URL, bypassing any proxy. Raises ValueError for an invalid URL."""
    base = _base(url)
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
        except http.client.HTTPException as error:
            raise OSError(f"the answer is not HTTP ({type(error).__name__})") from error

    return fetch


def _json(answer: Any) -> Any:
    text = cast("bytes", answer.read(MAX_ANSWER_BYTES))
    return json.loads(text)


def _short(body: Any) -> str:
    return json.dumps(body)[:200]
