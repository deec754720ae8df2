"""The look-up of pseudonyms over HTTP, for platforms."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from lrs.audit.entry import Actor
from lrs.auth.authenticate import Authenticator
from lrs.auth.http import authenticate
from lrs.auth.principal import Principal
from lrs.auth.scopes import PSEUDONYMS
from lrs.config import Settings
from lrs.door.http import read_body, refusal
from lrs.errors import Forbidden, InvalidParameter, LrsError
from lrs.pseudonyms.service.lookup import Lookup
from lrs.telemetry import logger
from lrs.xapi.decode import decode_json

PATH = "/pseudonyms/lookup"

MEMBERS = frozenset({"consumer", "space", "agents", "pseudonyms"})


def pseudonym_routes(lookup: Lookup, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The route of the look-up."""
    limits = settings.limits

    async def look_up(request: Request) -> Response:
        """Pseudonyms of agents for a consumer or space, or the agents behind pseudonyms; needs the scope pseudonyms."""
        try:
            principal = authenticate(request.headers, authenticator)
            require_all(principal)
            body = await read_body(request, limits.body_bytes_max, limits.body_read_s)
            wanted = asked(decode_json(body, depth_max=limits.json_depth_max), limits.query_values_max)
            found = await asyncio.to_thread(answered, lookup, wanted, Actor("consumer", principal.consumer))
        except ClientDisconnect:
            return Response(status_code=400)
        except LrsError as error:
            return refusal(error, offered="authorization" in request.headers)
        except Exception:  # noqa: BLE001
            logger.exception("request_failed", method=request.method, path=request.url.path)
            return refusal(LrsError("this is a fault of the server; it was logged"), offered=True)
        return Response(orjson.dumps(found), headers={"Cache-Control": "no-store"}, media_type="application/json")

    return [Route(PATH, look_up, methods=["POST"])]


def require_all(principal: Principal) -> None:
    """Forbidden unless ``principal`` may know every learner."""
    principal.require(PSEUDONYMS)
    if principal.grant.limited or not principal.disclosure.plain:
        raise Forbidden("looking up pseudonyms takes a grant without limits, and learners shown as they are stored")


def asked(value: Any, values_max: int) -> Mapping[str, Any]:
    """The body of a look-up, ``value``, when it has the right form; InvalidParameter."""
    if not isinstance(value, dict) or not value.keys() <= MEMBERS:
        raise InvalidParameter(f"the body is an object with some of the members {', '.join(sorted(MEMBERS))}")
    for name in ("consumer", "space"):
        if not isinstance(value.get(name), str | None):
            raise InvalidParameter(f"{name} is text")
    if ("agents" in value) is ("pseudonyms" in value):
        raise InvalidParameter("give either agents or pseudonyms")
    wanted = value.get("agents", value.get("pseudonyms"))
    if not isinstance(wanted, list) or len(wanted) > values_max:
        raise InvalidParameter(f"agents and pseudonyms are arrays of at most {values_max}")
    return value


def answered(lookup: Lookup, wanted: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What is found; NotFound, InvalidParameter."""
    space = lookup.space(wanted.get("consumer"), wanted.get("space"))
    if "agents" in wanted:
        return {"space": space, "shown": lookup.shown(actor, space, wanted["agents"])}
    return {"space": space, "stored": lookup.stored(actor, space, wanted["pseudonyms"])}
