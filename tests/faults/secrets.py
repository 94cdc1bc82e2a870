"""A password in the URLs of the stores, which must not appear in any log."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

PASSWORD = "hush-0b5c2f4e"


def with_password(url: str) -> str:
    """A URL of a store with a user and the password, unless it already names a user."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return url
    return urlunsplit(parts._replace(netloc=f"default:{PASSWORD}@{parts.netloc}"))


def leaks(folder: Path) -> list[str]:
    """The lines of the logs in a folder that contain the password, with the names of their files."""
    return [
        f"{log.name}: {line}"
        for log in sorted(folder.rglob("*.log"))
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if PASSWORD in line
    ]
