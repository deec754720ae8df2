"""Every route of the API for administrators, and of requests for access."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lrs.admin.http.accounts import AccountHandlers
from lrs.admin.http.aside import AsideHandlers
from lrs.admin.http.consumers import ConsumerHandlers
from lrs.admin.http.credentials import CredentialHandlers
from lrs.admin.http.desk import Desk
from lrs.admin.http.door import (
    AdminResource,
    Call,
    Gate,
    Handler,
    administrators,
    erasers,
    lookers,
    strangers,
    strangers_from_here,
)
from lrs.admin.http.erasures import ErasureHandlers
from lrs.admin.http.followers import FollowerHandlers
from lrs.admin.http.overview import OverviewHandlers
from lrs.admin.http.pseudonyms import PseudonymHandlers
from lrs.admin.http.requests import AskingHandlers, RequestHandlers
from lrs.errors import NotFound

API = "/admin/api"


def admin_routes(desk: Desk) -> list[BaseRoute]:
    """All of them, as docs/admin-api.md lists them."""
    asking = AskingHandlers()
    return [
        *_routes(desk, {**_of_accounts(), **_of_consumers(), **_of_followers(), **_of_the_rest()}),
        _route(desk, "/request/api", {"POST": asking.make}, strangers),
        _route(desk, "/request/api/state", {"GET": asking.state}, strangers),
        _route(desk, "/request/api/key", {"POST": asking.take}, strangers),
        Route(f"{API}/{{rest:path}}", _nowhere(desk), include_in_schema=False),
    ]


def _of_accounts() -> dict[str, dict[str, Handler]]:
    own = AccountHandlers()
    return {
        "/session": {"POST": own.log_in, "GET": own.session, "DELETE": own.log_out},
        "/session/stream-token": {"POST": own.stream_token},
        "/session/password": {"PUT": own.change_password},
        "/password-link": {"POST": own.use_link},
        "/administrators": {"GET": own.list_, "POST": own.add},
        "/administrators/{name}": {"DELETE": own.remove},
        "/administrators/{name}/link": {"POST": own.link},
    }


def _of_consumers() -> dict[str, dict[str, Handler]]:
    consumers, credentials = ConsumerHandlers(), CredentialHandlers()
    return {
        "/consumers": {"GET": consumers.list_, "POST": consumers.add},
        "/consumers/{id}": {"GET": consumers.read, "PATCH": consumers.change},
        "/consumers/{id}/allowance": {"GET": consumers.allowance, "PUT": consumers.allow},
        "/consumers/{id}/privacy": {"GET": consumers.privacy},
        "/scopes": {"GET": consumers.scopes},
        "/courses": {"GET": consumers.courses},
        "/keys": {"GET": credentials.keys, "POST": credentials.add_key},
        "/keys/{key}/revoke": {"POST": credentials.revoke_key},
        "/tokens": {"GET": credentials.tokens, "POST": credentials.issue_token},
        "/tokens/{jti}/revoke": {"POST": credentials.revoke_token},
        "/signing-keys": {"GET": credentials.signing_keys, "POST": credentials.rotate},
        "/signing-keys/{kid}/retire": {"POST": credentials.retire},
    }


def _of_followers() -> dict[str, dict[str, Handler]]:
    followers, aside, erasures = FollowerHandlers(), AsideHandlers(), ErasureHandlers()
    return {
        "/connections": {"GET": followers.connections},
        "/connections/{connection}/disconnect": {"POST": followers.disconnect},
        "/cursors": {"GET": followers.cursors},
        "/cursors/{id}/{name}": {"DELETE": followers.drop_cursor},
        "/quarantine": {"GET": aside.quarantined},
        "/quarantine/{number}": {"GET": aside.look, "DELETE": aside.drop},
        "/quarantine/{number}/retry": {"POST": aside.retry},
        "/conflicts": {"GET": aside.conflicts},
        "/conflicts/{number}": {"GET": aside.look_at_conflict, "DELETE": aside.drop_conflict},
        "/erasures": {"GET": erasures.list_, "POST": erasures.begin},
        "/erasures/{number}": {"GET": erasures.read},
        "/pseudonyms": {"POST": PseudonymHandlers().look_up},
    }


def _of_the_rest() -> dict[str, dict[str, Handler]]:
    overview, requests = OverviewHandlers(), RequestHandlers()
    return {
        "/statistics": {"GET": overview.statistics},
        "/metrics": {"GET": overview.metrics},
        "/statements/{id}": {"GET": overview.statement},
        "/settings": {"GET": overview.settings},
        "/audit": {"GET": overview.audit},
        "/requests": {"GET": requests.list_},
        "/requests/{number}": {"GET": requests.read},
        "/requests/{number}/approve": {"POST": requests.approve},
        "/requests/{number}/refuse": {"POST": requests.refuse},
    }


_OPEN: dict[str, dict[str, Gate]] = {
    "/session": {"POST": strangers_from_here},
    "/password-link": {"POST": strangers_from_here},
    "/erasures": {"POST": erasers},
    "/erasures/{number}": {"GET": erasers},
    "/pseudonyms": {"POST": lookers},
}
"""Where people come who have not logged in yet, and programs with another scope."""


def _routes(desk: Desk, table: Mapping[str, Mapping[str, Handler]]) -> list[BaseRoute]:
    return [
        Route(f"{API}{path}", AdminResource(desk, handlers, gates=_OPEN.get(path))) for path, handlers in table.items()
    ]


def _route(desk: Desk, path: str, handlers: Mapping[str, Handler], gate: Gate) -> Route:
    return Route(path, AdminResource(desk, handlers, gate=gate))


def _nowhere(desk: Desk) -> AdminResource:
    """Answers as the API does where there is nothing."""

    async def nothing_here(_: Call) -> Response:
        """Nothing is here: 404."""
        raise NotFound("there is nothing here")

    return AdminResource(
        desk, dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), nothing_here), gate=administrators
    )
