"""Who asks over HTTP, and for what: the same for each door that has no frames of its clients."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from lrs.auth.http import authorization
from lrs.auth.principal import Principal
from lrs.auth.scopes import STREAM
from lrs.door.http import query_pairs
from lrs.errors import InvalidParameter, TooLarge
from lrs.limits import Limits
from lrs.statements.match import EVERYTHING
from lrs.subscriptions.filters import Asked, require_courses
from lrs.subscriptions.openings import Opening, parse_opening
from lrs.subscriptions.session.registry import Authenticating, Sessions
from lrs.subscriptions.starts import After


def reader(request: Request, authenticator: Authenticating) -> Principal:
    """Who sends ``request``, by its Authorization header alone; Unauthenticated, or InsufficientScope."""
    principal = authenticator.principal_for_authorization(authorization(request.headers))
    principal.require(STREAM)
    return principal


def parameters(request: Request, limits: Limits) -> list[tuple[str, str]]:
    """The parameters in the URL of ``request``; TooLarge, or InvalidParameter when they are not UTF-8."""
    if len(request.scope["query_string"]) > limits.query_bytes_max:
        raise TooLarge(f"the query string is longer than {limits.query_bytes_max} bytes")
    return query_pairs(request)


async def opening(
    pairs: Iterable[tuple[str, str]], principal: Principal, sessions: Sessions, *, last_id: str | None = None
) -> Opening:
    """What ``pairs`` ask for, found possible for ``principal``; ``last_id``, a cursor, counts more than their start.

    Raises InvalidParameter, Forbidden, CursorInvalid or EpochChanged, while an HTTP status can still tell.
    """
    asked = parse_opening(pairs, sessions.limits) or Opening(Asked(EVERYTHING, frozenset()), "now")
    if asked.window is not None or asked.durable is not None:
        raise InvalidParameter("window and durable need a websocket, over which a client can acknowledge")
    require_courses(asked.asked.courses, principal.grant)
    if last_id:
        asked = asked._replace(start=After(last_id))
    if isinstance(asked.start, After):
        await sessions.hub.place(asked.start)
    return asked
