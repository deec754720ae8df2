"""The pages for people: files as they are in ``web/``, with headers that let a browser load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

# No inline script or style, no form that is sent by the browser itself, no text that becomes markup.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

PAGE_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": "; ".join(_POLICY),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        # Ask each time whether it has changed: pages and their modules must be of one version.
        "Cache-Control": "no-cache",
    }
)
"""What goes with every page and its parts."""

_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ENTRANCES = ("login", "password")
"""Pages for who has not logged in."""


def page_response(request: Request, path: Path) -> Response:
    """The file at ``path``, or 304 when the browser has it."""
    response = FileResponse(path, media_type=_TYPES[path.suffix], headers=PAGE_HEADERS, stat_result=path.stat())
    if request.headers.get("if-none-match") == response.headers["etag"]:
        return Response(status_code=304, headers={**PAGE_HEADERS, "ETag": response.headers["etag"]})
    return response


def page_routes(web: Path) -> list[BaseRoute]:
    """The pages below ``/admin`` and ``/request``, from the folder ``web``; after all other routes below ``/admin``."""
    folder = web / "admin"
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*.*") if path.suffix in _TYPES}
    for path in (folder / "pages").glob("*.js"):
        files[path.stem] = folder / ("entrance.html" if path.stem in _ENTRANCES else "index.html")

    async def start(_: Request) -> Response:
        """Leads to the first of the pages for administrators."""
        # Relative: only the browser knows under which address this is reached.
        return Response(status_code=307, headers={**PAGE_HEADERS, "Location": "admin/overview"})

    async def page(request: Request) -> Response:
        """A page for administrators, or a part of one."""
        name = request.path_params["file"]
        if not name:
            return Response(status_code=307, headers={**PAGE_HEADERS, "Location": "overview"})
        if name not in files:
            return Response("There is no such page.", 404, headers=PAGE_HEADERS, media_type="text/plain")
        return page_response(request, files[name])

    async def ask(request: Request) -> Response:
        """The page on which people without an account ask for access, and follow what becomes of that."""
        return page_response(request, folder / "request.html")

    return [
        Route("/request", ask, methods=["GET"]),
        Route("/admin", start, methods=["GET"]),
        Route("/admin/{file:path}", page, methods=["GET"]),
    ]
