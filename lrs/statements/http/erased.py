"""Which statements were erased, for those who have read them before."""

from __future__ import annotations

import asyncio
from uuid import UUID

import orjson
from starlette.responses import Response
from starlette.routing import Route

from lrs.auth.authenticate import Authenticator
from lrs.auth.scopes import STATEMENTS_READ_MINE, STREAM
from lrs.config import Settings
from lrs.door import parameters
from lrs.door.http import Exchange, Resource
from lrs.statements.log import StatementLog
from lrs.statements.match import told_of_erased, visibility
from lrs.statements.record import Place

PAGE_IDS = 1_000


class ErasedIds:
    """The ids of erased statements, in the order in which they were erased."""

    def __init__(self, log: StatementLog) -> None:
        self._log = log

    async def get(self, exchange: Exchange) -> Response:
        """Ids of erased statements that the reader may have seen, after a cursor of this resource."""
        if not exchange.principal.allows(STREAM):
            exchange.principal.require(STATEMENTS_READ_MINE)
        given = parameters.once(exchange.parameters, {"after"})
        after = int(self._log.cursors.open(given["after"])) if "after" in given else 0
        found = await asyncio.to_thread(self._log.erased, after, PAGE_IDS)
        sight = visibility(exchange.principal)
        form = {
            "erased": [str(UUID(bytes=record.id)) for _, record in found if told_of_erased(sight, record)],
            "after": self._log.cursors.seal(Place(found[-1][0] if found else after)),
            "more": len(found) == PAGE_IDS,
        }
        return Response(orjson.dumps(form), headers={"Cache-Control": "no-store"}, media_type="application/json")


def erased_routes(log: StatementLog, authenticator: Authenticator, settings: Settings) -> list[Route]:
    """The route below ``settings.base``."""
    endpoint = Resource({"GET": ErasedIds(log).get}, authenticator, settings)
    return [Route(f"{settings.base}/statements/erased", endpoint)]
