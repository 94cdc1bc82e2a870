"""Explains an answer, or a failure, to the operator of a node. Pure functions that return sentences."""

from collections.abc import Mapping
from itertools import pairwise

from jobs.prpc import wire
from jobs.prpc.errors import METHOD_NOT_FOUND, CallFailed
from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.node.failure import FailureCategory
from schema.domain.words import counted

_CLOCK_TOLERANCE = 2
_STALE_CONTACT = 2 * MINUTE

_NOT_REACHED = {
    FailureCategory.REFUSED: "The host is up, but nothing listens on this port: no pod runs there, or its pRPC is "
    "private (bound to 127.0.0.1, as the installer does by default).",
    FailureCategory.TIMEOUT: "No answer: the host is down, or a firewall drops connections to this port.",
    FailureCategory.UNREACHABLE: "The host is unreachable: there is no route to it, or its name does not resolve.",
    FailureCategory.FORBIDDEN_ADDRESS: "This address is never dialled, so nothing was sent.",
}
_REACHED = {
    FailureCategory.TIMEOUT: "It accepted the connection, but sent no complete answer in time.",
    FailureCategory.UNREACHABLE: "It accepted the connection, but closed it before the answer was complete.",
    FailureCategory.HTTP_STATUS: "It answers HTTP but is not a pod, which sends status 200 even with an error. It may be "
    "a proxy or another service.",
    FailureCategory.NOT_JSON: "The answer is not JSON: a proxy or another service answers instead of a pod.",
    FailureCategory.TOO_LARGE: "The answer exceeds the maximum size.",
    FailureCategory.RPC_ERROR: "The pod supports the method and reports an error.",
    FailureCategory.BAD_SHAPE: "The answer is JSON, but not what a pod sends for this method.",
}


def failure(method: str, error: CallFailed) -> str:
    """What a failed call means for the node."""
    if error.rpc_code == METHOD_NOT_FOUND:
        if method == wire.GET_PODS_WITH_STATS:
            return f"It does not support {method}: its pod is older than 0.7.0, and its list has no figures."
        return f"It does not support {method}, which every released pod does: this is not a released pod."
    sentences = _NOT_REACHED | _REACHED if error.reached else _REACHED | _NOT_REACHED
    return sentences[error.failure.category]


def success(method: str, facts: Mapping[str, object]) -> str:
    """What an answer means for the node. `facts` are those that the probe collects."""
    match method:
        case wire.GET_VERSION:
            return _version(facts.get("version"))
        case wire.GET_STATS:
            return _stats(facts)
        case _:
            return _list(method, facts)


def span(seconds: int) -> str:
    """A duration in its two largest units: `12 d 4 h`, `3 h 20 min`, `5 min 1 s`, `42 s`."""
    units = (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1))
    for (name, size), (smaller, part) in pairwise(units):
        if seconds >= size:
            return f"{seconds // size} {name} {seconds % size // part} {smaller}"
    return f"{seconds} s"


def _version(version: object) -> str:
    if version is None:
        return "It does not know its own version."
    build = " (a build for trynet)" if "-trynet" in str(version) else ""
    return f"It runs pod {version}{build}."


def _stats(facts: Mapping[str, object]) -> str:
    uptime, written = facts.get("uptime"), facts.get("last_updated")
    since = f"It has run for {span(uptime)}" if isinstance(uptime, int) else "It does not report its uptime"
    if written is None:
        return f"{since}."
    return f"{since}, and {'nothing has been stored on it yet' if written == 0 else 'data have been stored on it'}."


def _list(method: str, facts: Mapping[str, object]) -> str:
    pods, age = facts.get("pods"), facts.get("newest_contact_age")
    if not pods:
        return "It knows no peers: it has just started, or no gossip reaches it. (A pod is never in its own list.)"
    if not facts.get("heard"):
        return (
            f"It lists {counted(pods, 'peer')} and has heard none of them: it cannot read their gossip (releases before 0.7, from "
            "0.7 and from 1.2 do not understand each other), or gossip is blocked."
        )
    sentences = [f"It lists {counted(pods, 'peer')}."]
    if method == wire.GET_PODS_WITH_STATS and not facts.get("with_figures"):
        sentences.append("None of them has figures.")
    if isinstance(age, int) and age > _STALE_CONTACT:
        sentences.append(f"Its newest contact is {span(age)} old: gossip no longer reaches it, or its clock is slow.")
    if isinstance(age, int) and age < -_CLOCK_TOLERANCE:
        sentences.append(f"Its clock is {span(-age)} ahead of ours.")
    return " ".join(sentences)
