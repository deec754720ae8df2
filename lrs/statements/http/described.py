"""The Agents and the Activities Resource over HTTP: made from the log at each request, under the reader's grant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.principal import Principal
from lrs.auth.scopes import STATEMENTS_READ_MINE
from lrs.config import Settings
from lrs.door import parameters
from lrs.door.entity_tags import entity_tag
from lrs.door.http import Exchange, Resource
from lrs.statements.activities import about_activity, described
from lrs.statements.agents import about_agent, person
from lrs.statements.log import Selection, StatementLog
from lrs.statements.match import Filter, visibility


class Described:
    """What the newest statements that a reader may see say of an Agent or an Activity."""

    def __init__(self, log: StatementLog, settings: Settings) -> None:
        self._log = log
        self._limits = settings.limits

    async def agent(self, exchange: Exchange) -> Response:
        """A Person: the agent's identifier and its names in statements; also for an agent that none has."""
        exchange.principal.require(STATEMENTS_READ_MINE)
        given = parameters.once(exchange.parameters, {"agent"})
        agent = parameters.agent(given, "agent", depth_max=self._limits.json_depth_max, groups=False)
        return _answer(person(agent, await self._newest(about_agent(agent), exchange.principal)))

    async def activity(self, exchange: Exchange) -> Response:
        """An Activity with its definition merged over statements; also for an activity that none has."""
        exchange.principal.require(STATEMENTS_READ_MINE)
        given = parameters.once(exchange.parameters, {"activityId"})
        activity_id = parameters.iri(given, "activityId")
        return _answer(described(activity_id, await self._newest(about_activity(activity_id), exchange.principal)))

    async def _newest(self, wanted: Filter, principal: Principal) -> list[dict[str, Any]]:
        limits = self._limits
        selection = Selection(filter=wanted, limit=limits.described_from_max, bytes_max=limits.page_bytes_max)

        def read() -> list[dict[str, Any]]:
            page = self._log.read(selection, visibility(principal))
            return [orjson.loads(record.payload) for record in page.records]

        return await asyncio.to_thread(read)


def _answer(value: Mapping[str, Any]) -> Response:
    body = orjson.dumps(value)
    return Response(body, headers={"ETag": entity_tag(body)}, media_type="application/json")


def agent_routes(log: StatementLog, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The route of the Agents Resource, below ``settings.base``."""
    endpoint = Resource({"GET": Described(log, settings).agent}, authenticator, settings)
    return [Route(f"{settings.base}/agents", endpoint)]


def activity_routes(log: StatementLog, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The route of the Activities Resource, below ``settings.base``."""
    endpoint = Resource({"GET": Described(log, settings).activity}, authenticator, settings)
    return [Route(f"{settings.base}/activities", endpoint)]
