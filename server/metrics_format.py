"""Selects the text format of a scrape from its `Accept` header. prometheus-client writes it."""

from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from typing import NamedTuple

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.registry import Collector

from server.weights import MAX_ITEMS, weight_of

Writer = Callable[[Collector], bytes]

_PLAIN = "text/plain"
_OPEN = "application/openmetrics-text"
_OLD_OPEN = f"{_OPEN}; version=0.0.1; charset=utf-8"
# A range without a version means the newest version of OpenMetrics, and the oldest of the plain format.
_VERSIONS = {_OPEN: ("1.0.0", "0.0.1", ""), _PLAIN: ("0.0.4", "1.0.0", "")}
_ESCAPINGS = frozenset({"allow-utf-8", "underscores", "dots", "values"})


class Format(NamedTuple):
    """A writer of metrics, and its `Content-Type`."""

    media_type: str
    write: Writer


PLAIN = Format(CONTENT_TYPE_PLAIN_0_0_4, generate_latest)


def negotiated(accept: str) -> Format:
    """The available format that the scraper prefers. The plain one, version 0.0.4, if it names none."""
    best, best_weight = PLAIN, 0.0
    for kind, parameters, weight in _ranges(accept):
        if weight > best_weight:
            best, best_weight = _format(kind, parameters), weight
    return best


def _format(kind: str, parameters: Mapping[str, str]) -> Format:
    if kind not in _VERSIONS or parameters.get("version") == "0.0.4":
        return PLAIN
    if parameters.get("version") == "0.0.1":
        # Identical output: version 1.0.0 is the one that became a standard.
        return Format(_OLD_OPEN, choose_encoder(_OPEN)[0])
    chosen = "; ".join((kind, *(f"{name}={value}" for name, value in parameters.items())))
    writer, media_type = choose_encoder(chosen)
    return Format(media_type, writer)


def _ranges(accept: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Media type, relevant parameters, and weight of each range that can be served."""
    for text in accept.split(",", MAX_ITEMS)[:MAX_ITEMS]:
        header = Message()
        header["content-type"] = text.strip()
        kind = header.get_content_type() if "/" in text else ""
        parameters = {str(name): str(header.get_param(name, "")) for name in ("version", "escaping", "q")}
        version, escaping = parameters["version"], parameters["escaping"]
        if kind in {"*/*", "text/*"}:
            yield kind, {}, weight_of(parameters["q"] or "1")
        elif version in _VERSIONS.get(kind, ()):
            known = {"version": version} if version else {}
            yield (
                kind,
                known | ({"escaping": escaping} if escaping in _ESCAPINGS else {}),
                weight_of(parameters["q"] or "1"),
            )
