"""The look-up of pseudonyms, for people at the pages."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin.http.door import Call, answer
from lrs.errors import InvalidParameter
from lrs.pseudonyms.http import MEMBERS, answered, asked


class PseudonymHandlers:
    """Handlers of ``/pseudonyms``."""

    async def look_up(self, call: Call) -> Response:
        """Pseudonyms of agents for a consumer or space, or who is behind pseudonyms, one of them in every space."""
        wanted = asked(await call.body(MEMBERS), call.desk.settings.limits.query_values_max)
        lookup = call.desk.engine.lookup
        if "agents" in wanted or {"consumer", "space"} & wanted.keys():
            return answer(await call.run(answered, lookup, wanted, call.who))
        if len(wanted["pseudonyms"]) != 1:
            raise InvalidParameter("without a consumer or a space, one pseudonym is looked for")
        found: list[tuple[str, dict[str, Any]]] = await call.run(lookup.anywhere, call.who, wanted["pseudonyms"][0])
        return answer({"found": [{"space": space, "agent": agent} for space, agent in found]})
