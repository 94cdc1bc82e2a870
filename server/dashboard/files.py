"""The files of the dashboard: our pages, modules and styles in `static/`, libraries in `vendor/`.

Each is read on first use, and kept in memory with its compressed forms.
"""

import hashlib
from functools import cached_property
from html import escape
from pathlib import Path
from typing import NamedTuple

from server.http.cache import Headers, StoredResponse
from server.http.reply import public_headers

PLACE = Path(__file__).parent
PREFIX = "/dashboard/assets"
"""Assets are at `PREFIX/VERSION/NAME`."""
DASHBOARD, EXPLORER = "index.html", "explorer.html"
_MISSING = "missing.html"
_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".graphql": b"application/graphql; charset=utf-8",
    ".txt": b"text/plain; charset=utf-8",
}
"""Files of other types are not served."""
_STRICT = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
_EXPLORER = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
_POLICIES = {DASHBOARD: _STRICT, _MISSING: _STRICT, EXPLORER: _EXPLORER}


class Page(NamedTuple):
    """A page, ready to be sent."""

    answer: StoredResponse
    headers: Headers
    missing: bool
    """Whether this is the page that shows the command that installs the libraries."""


class Site:
    """The dashboard's files as served. `root_path` precedes all links."""

    def __init__(self, root_path: str = "", *, place: Path = PLACE) -> None:
        self._root = root_path
        self._place = place
        self._assets: dict[str, StoredResponse] = {}
        self._pages: dict[str, Page] = {}

    @cached_property
    def version(self) -> str:
        """Changes with every change of a file."""
        digest = hashlib.blake2b(digest_size=8)
        for name, file in sorted(self._files.items()):
            digest.update(f"{name}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes() if file.parent.name != "vendor" else b"")
        stamp = self._place / "vendor" / ".ready"
        digest.update(stamp.read_bytes() if stamp.is_file() else b"")
        return digest.hexdigest()

    def asset(self, version: str, name: str) -> StoredResponse | None:
        """The file with this name. None if there is none, or if another version was requested."""
        if version != self.version or name not in self._files:
            return None
        if name not in self._assets:
            file = self._files[name]
            self._assets[name] = StoredResponse(file.read_bytes(), public_headers(_TYPES[file.suffix]))
        return self._assets[name]

    def page(self, name: str) -> Page:
        """A page with its links filled in, or the page about missing libraries if they are not installed."""
        missing = not (self._place / "vendor" / ".ready").is_file()
        if missing:
            name = _MISSING
        found = self._pages.get(name)
        if found is None:
            text = (self._place / "static" / name).read_text(encoding="utf-8")
            root = escape(self._root)
            text = text.replace("{root}", root).replace("{assets}", f"{root}{PREFIX}/{self.version}")
            headers = [
                *public_headers(_TYPES[".html"], b"Accept, Accept-Encoding"),
                (b"content-security-policy", _POLICIES[name].encode()),
                (b"referrer-policy", b"same-origin"),
            ]
            found = self._pages[name] = Page(StoredResponse(text.encode(), headers), headers, missing)
        return found

    @cached_property
    def _files(self) -> dict[str, Path]:
        """Each file that is served, by its name below the version."""
        static, vendor = self._place / "static", self._place / "vendor"
        found = {file.relative_to(static).as_posix(): file for file in static.rglob("*")}
        found |= {f"vendor/{file.name}": file for file in vendor.glob("*")}
        return {name: file for name, file in found.items() if file.suffix in _TYPES and file.is_file()}
