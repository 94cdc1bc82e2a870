"""Reads the URLs of sources other than gossip. Their providers' keys are often part of the URL."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

MAX_CHARS = 2_048


class SourceUrl(SecretStr):
    """The URL of a source. Only its origin may be shown."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.get_secret_value())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _checked(url: SourceUrl) -> SourceUrl:
    """Raises ValueError, without the URL in it, unless it is https, or http to this machine."""
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("not a URL") from None
    if len(text) > MAX_CHARS or not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError(f"blanks, or more than {MAX_CHARS} characters")
    if not host or port == 0:
        raise ValueError("no host")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("a user, a password or a fragment, which would not be sent")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(host)):
        raise ValueError("neither https:// nor http:// to this machine")
    return url


def is_local(host: str) -> bool:
    """Whether a host is this machine by name or address, without resolving it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


Source = Annotated[SourceUrl, AfterValidator(_checked)]
