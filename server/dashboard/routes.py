"""Routes of the dashboard, of the explorer, and of the files that both load."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.dashboard.entrance import DASHBOARD_PATH, EXPLORER_PATH
from server.dashboard.files import DASHBOARD, EXPLORER, PREFIX, Page, Site
from server.http.reply import Kept

PAGES = (
    "about",
    "alerts",
    "collector",
    "compare",
    "events",
    "mine",
    "node",
    "nodes",
    "operators",
    "recommendations",
    "topology",
)
"""Pages below `/dashboard`. The modules of `static/js/pages` have the same names."""
# Pages name the version of their assets, so browsers revalidate them; the assets of a version never change.
_PAGE_CONTROL = b"public, no-cache"
_ASSET_CONTROL = b"public, max-age=31536000, immutable"


def dashboard_routes(site: Site) -> list[Route]:
    """Every route, GET and HEAD."""

    async def dashboard(_: Request) -> Response:
        return _shown(site.page(DASHBOARD))

    async def explorer(_: Request) -> Response:
        return _shown(site.page(EXPLORER))

    async def asset(request: Request) -> Response:
        found = site.asset(request.path_params["version"], request.path_params["name"])
        if found is None:
            return PlainTextResponse("no such file in this version", 404, headers={"cache-control": "no-store"})
        return Kept(found, _ASSET_CONTROL)

    paths = [DASHBOARD_PATH, *(f"{DASHBOARD_PATH}/{page}" for page in PAGES)]
    return [
        *(Route(path, dashboard, methods=["GET"], include_in_schema=False) for path in paths),
        Route(EXPLORER_PATH, explorer, methods=["GET"], include_in_schema=False),
        Route(f"{PREFIX}/{{version}}/{{name:path}}", asset, methods=["GET"], include_in_schema=False),
    ]


def _shown(page: Page) -> Response:
    """503 if the libraries are missing. The page shows the command that installs them."""
    if not page.missing:
        return Kept(page.answer, _PAGE_CONTROL)
    headers = {name.decode(): value.decode() for name, value in page.headers}
    return Response(page.answer.body, HTTPStatus.SERVICE_UNAVAILABLE, {**headers, "cache-control": "no-store"})
