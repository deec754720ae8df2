"""Connections and durable cursors."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import time
from lrs.admin.http.door import Call, answer, nothing
from lrs.admin.service.followers import KeptCursor
from lrs.errors import NotFound


class FollowerHandlers:
    """Handlers of ``/connections`` and ``/cursors``."""

    async def connections(self, call: Call) -> Response:
        """Who is subscribed to what, in all server processes; the longest connected first."""
        parameters = call.parameters("consumer", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (str, str), call.desk.settings.limits.admin_page_items_max)
        found, _ = await call.desk.workers.connections()
        consumer = parameters.get("consumer")
        chosen = [one for one in found if consumer in (None, one["consumer"])]
        shown, following = paging.page(sorted(chosen, key=_place), _place, wanted)
        return answer(paging.answer(shown, following))

    async def disconnect(self, call: Call) -> Response:
        """End a connection, in whichever process it is: 202."""
        name = call.path("connection")
        found, _ = await call.desk.workers.connections()
        one = next((one for one in found if one["connection"] == name), None)
        if one is None:
            raise NotFound("there is no such connection (any more)")
        await call.run(call.desk.administration.followers.disconnect, call.who, name, one["consumer"])
        await call.desk.workers.obey()
        return answer({"connection": name}, 202)

    async def cursors(self, call: Call) -> Response:
        """Durable cursors, by consumer and name."""
        parameters = call.parameters("consumer", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (int, str), call.desk.settings.limits.admin_page_items_max)
        found: list[KeptCursor] = await call.run(call.desk.administration.followers.cursors, parameters.get("consumer"))
        shown, following = paging.page(
            sorted(found, key=lambda one: (one.consumer_id, one.name)),
            lambda one: (one.consumer_id, one.name),
            wanted,
        )
        return answer(paging.answer([_cursor_form(one) for one in shown], following))

    async def drop_cursor(self, call: Call) -> Response:
        """Forget a durable cursor: 204. Who comes with its name begins anew."""
        await call.run(call.desk.administration.followers.drop_cursor, call.who, call.number("id"), call.path("name"))
        return nothing()


def _place(one: dict[str, Any]) -> paging.Key:
    return one["since"] or "", one["connection"]


def _cursor_form(one: KeptCursor) -> dict[str, Any]:
    return {
        "consumer_id": one.consumer_id,
        "consumer": one.consumer,
        "name": one.name,
        "behind": one.behind,
        "acknowledged_at": time(one.acknowledged_us),
    }
