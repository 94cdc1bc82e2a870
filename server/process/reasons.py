"""Maps a driver's error to a reason that an operator understands."""

import re
import socket
import ssl
from collections.abc import Iterator

from schema.domain.errors import StoreTooNew
from server.process.masking import mask_credentials

MAX_CAUSES = 8
MAX_DETAIL_CHARS = 300

PASSWORD = "wrong user or password"  # noqa: S105  (a reason, no password)
RIGHTS = "the user lacks rights"
TLS = "TLS"
DNS = "the host name cannot be resolved"
REFUSED = "the connection is refused"
TIMEOUT = "no answer in time"
CLUSTER = "it is a Redis Cluster, which is not supported"
LOST = "the connection was lost"
NO_PRIMARY = "no server accepts writes"
QUOTA = "its storage is used up"
DISK = "its disk is full"
NEWER = "a newer release has written it"
OTHER = "it refuses the request"

# MongoDB: AuthenticationFailed, and Atlas' own code, which it also uses for other refusals. Unauthorized.
_PASSWORD_CODE = 18
_ATLAS_CODE = 8000
_RIGHTS_CODE = 13

# In this order, because a message may match several and the first match is the most informative. Drivers put system
# errors only into the text.
_WORDS = (
    (CLUSTER, r"\bMOVED\b|CLUSTERDOWN|CROSSSLOT|Hash slot|don't hash to the same slot"),
    (QUOTA, r"over your space quota|storage quota|used memory > 'maxmemory'"),
    (DISK, r"OutOfDiskSpace|No space left on device|disk full|not enough disk space"),
    (
        PASSWORD,
        r"bad auth|authentication failed|authentication ?error|invalid username-password|WRONGPASS|NOAUTH|"
        r"invalid password|called without any password configured",
    ),
    (RIGHTS, r"NOPERM|not authorized|not allowed to|no permission|has no permissions"),
    (TLS, r"\bSSL|\bTLS|certificate|wrong version number"),
    (
        DNS,
        r"getaddrinfo|name or service not known|nodename nor servname|name resolution|no address associated|DNS|Do53|"
        r"name does not resolve",
    ),
    (REFUSED, r"refused|Errno 111\b|Errno 61\b|connect call failed"),
    (NO_PRIMARY, r"not primary|no primary|No replica set members|NotWritablePrimary|READONLY|read[- ]only"),
    (TIMEOUT, r"timed? ?out|timeout"),
    (LOST, r"closed|reset|broken pipe|EOF"),
)
_PATTERNS = tuple((reason, re.compile(words, re.IGNORECASE)) for reason, words in _WORDS)
_TOPOLOGY = re.compile(r"(?: \(configured timeouts:|, Timeout: |, full error: ).*", re.DOTALL)


def reason_of(error: BaseException) -> str:
    """One of the reasons of this module."""
    causes = tuple(_causes(error))
    for cause in reversed(causes):
        if (known := _by_type(cause)) is not None:
            return known
    text = " | ".join(f"{type(cause).__name__}: {detail_of(cause)}" for cause in reversed(causes))
    return next((reason for reason, words in _PATTERNS if words.search(text)), OTHER)


def detail_of(error: BaseException) -> str:
    """The driver's message, without the state of all servers and without passwords, bounded."""
    root = tuple(_causes(error))[-1]
    said = _TOPOLOGY.sub("", str(root)) or type(root).__name__
    return mask_credentials(said)[:MAX_DETAIL_CHARS]


def in_words(error: BaseException) -> str:
    """The reason, and the driver's message."""
    return f"{reason_of(error)} ({detail_of(error)})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its chain of causes, down to the driver's own."""
    cause: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _by_type(error: BaseException) -> str | None:
    if isinstance(error, StoreTooNew):
        return NEWER
    code = getattr(error, "code", None)
    if code == _PASSWORD_CODE or (code == _ATLAS_CODE and "auth" in str(error)):
        return PASSWORD
    if code == _RIGHTS_CODE:
        return RIGHTS
    for kind, reason in ((ssl.SSLError, TLS), (socket.gaierror, DNS), (ConnectionRefusedError, REFUSED)):
        if isinstance(error, kind):
            return reason
    return None
