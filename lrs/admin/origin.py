"""Whether a request comes from a page of this server: what keeps other sites from acting for who is logged in."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.errors import Forbidden
from lrs.subscriptions.origins import origin_allowed

CSRF_HEADER = "X-LRS-CSRF"
"""No form can send it, and no script of another site without being asked about first (CORS)."""


def require_own_page(headers: Mapping[str, str], *, public_url: str) -> None:
    """Raises Forbidden unless a page of this server sent ``headers``."""
    if headers.get(CSRF_HEADER) != "1":
        raise Forbidden(f"the header {CSRF_HEADER}: 1 is missing")
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is None and site is None:
        raise Forbidden("neither Origin nor Sec-Fetch-Site says where this comes from")
    if site is not None and site != "same-origin":
        raise Forbidden("this comes from another site")
    if origin is not None and not origin_allowed(
        origin, host=headers.get("Host", ""), public_url=public_url, allowed=()
    ):
        raise Forbidden("this comes from a page of another site")
