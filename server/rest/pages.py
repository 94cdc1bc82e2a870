"""`/openapi.json`, the pages that show it (`/docs`, `/redoc`) and the icon, with assets from this server alone.

The assets are the files of an installed package. The pages forbid browsers to load anything from elsewhere.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import orjson
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.http.cache import StoredResponse
from server.http.reply import Kept, public_headers

OPENAPI_PATH, SWAGGER_PATH, REDOC_PATH, ICON_PATH = "/openapi.json", "/docs", "/redoc", "/favicon.ico"
_ASSETS = "fastapi_standalone_docs"
# The document and the pages change with a release of the server, the assets with a release of their package.
_DOCUMENT_SECONDS = 300
_ASSET_SECONDS = 86_400
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class _Asset(NamedTuple):
    """A file of the package, by its path below the package's folder of static files."""

    name: str
    media_type: str


_ASSETS_BY_PATH = {
    f"{SWAGGER_PATH}/swagger-ui.css": _Asset("swagger/swagger-ui.css", "text/css; charset=utf-8"),
    f"{SWAGGER_PATH}/swagger-ui-bundle.js": _Asset("swagger/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    f"{REDOC_PATH}/redoc.standalone.js": _Asset("redoc/redoc.standalone.js", "text/javascript; charset=utf-8"),
    f"{REDOC_PATH}/logo-mini.svg": _Asset("redoc/logo-mini.svg", "image/svg+xml"),
}


def page_routes(title: str, document: Callable[[], object], root_path: str = "") -> list[Route]:
    """The routes, GET and HEAD. `document` gives what `/openapi.json` shows; it is called once, when first asked for.

    `root_path` is the prefix of the links in the pages.
    """
    routes = [
        _route(OPENAPI_PATH, lambda: orjson.dumps(document()), "application/json", _DOCUMENT_SECONDS),
        _route(
            SWAGGER_PATH,
            lambda: _swagger(title, root_path),
            "text/html; charset=utf-8",
            _DOCUMENT_SECONDS,
            policy=_POLICY,
        ),
        _route(
            REDOC_PATH, lambda: _redoc(title, root_path), "text/html; charset=utf-8", _DOCUMENT_SECONDS, policy=_POLICY
        ),
    ]
    icon = files("server.rest") / "favicon.ico"
    routes.append(_route(ICON_PATH, icon.read_bytes, "image/x-icon", _ASSET_SECONDS))
    for path, asset in _ASSETS_BY_PATH.items():
        file = files(_ASSETS) / "static" / asset.name
        routes.append(_route(path, file.read_bytes, asset.media_type, _ASSET_SECONDS))
    return routes


def _route(path: str, body: Callable[[], bytes], media_type: str, max_age: int, *, policy: str | None = None) -> Route:
    headers = public_headers(media_type.encode())
    if policy is not None:
        headers.append((b"content-security-policy", policy.encode()))

    @cache
    def kept() -> Kept:
        return Kept(StoredResponse(body(), headers), b"public, max-age=%d" % max_age)

    async def show(_: Request) -> Response:
        return kept()

    return Route(path, show, methods=["GET"], include_in_schema=False)


def _swagger(title: str, root: str) -> bytes:
    page = get_swagger_ui_html(
        openapi_url=root + OPENAPI_PATH,
        title=title,
        swagger_js_url=f"{root}{SWAGGER_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{SWAGGER_PATH}/swagger-ui.css",
        swagger_favicon_url=root + ICON_PATH,
        # Otherwise the page sends this server's document to an external validator.
        swagger_ui_parameters={"validatorUrl": None},
    )
    return bytes(page.body)


def _redoc(title: str, root: str) -> bytes:
    page = get_redoc_html(
        openapi_url=root + OPENAPI_PATH,
        title=title,
        redoc_js_url=f"{root}{REDOC_PATH}/redoc.standalone.js",
        redoc_favicon_url=root + ICON_PATH,
        with_google_fonts=False,
    )
    return bytes(page.body)
