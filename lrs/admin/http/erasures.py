"""Erasures."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import time
from lrs.admin.http.door import Call, answer
from lrs.erasure.erasure import Amounts, Erasure, parse_reason
from lrs.errors import InvalidParameter
from lrs.statements.learners import Learner


class ErasureHandlers:
    """Handlers of ``/erasures``."""

    async def begin(self, call: Call) -> Response:
        """Erase the learner with these agents: 202; with ``dry_run``, only how much there is: 200."""
        body = await call.body(("reason", "dry_run"), ("agents",))
        acts = call.desk.administration.erasures
        dry, reason = body.get("dry_run", False), parse_reason(body.get("reason"))
        if not isinstance(dry, bool):
            raise InvalidParameter("dry_run is true or false")
        learner: Learner = await call.run(acts.learner, body["agents"])
        if dry:
            amounts: Amounts = await call.run(acts.amounts, learner)
            return answer(amounts.to_json())
        number: int = await call.run(acts.begin, call.who, learner, reason)
        call.desk.erasing.wake()
        one: Erasure = await call.run(acts.erasures.rows.one, number)
        return answer(_form(one), 202, location=f"{call.request.url.path}/{number}")

    async def list_(self, call: Call) -> Response:
        """What was erased, oldest first, and what is under way."""
        most = call.desk.settings.limits.admin_page_items_max
        wanted = paging.asked(call.parameters(*paging.PARAMETERS), (int,), most)
        after = 0 if wanted.after is None else int(wanted.after[0])
        rows = call.desk.administration.erasures.erasures.rows
        found: list[Erasure] = await call.run(rows.listed, after=after, limit=wanted.limit + 1)
        shown, following = paging.cut(found, lambda one: (one.number,), wanted.limit)
        return answer(paging.answer([_form(one) for one in shown], following))

    async def read(self, call: Call) -> Response:
        """One of them; ``finished_at`` is null while it is under way."""
        call.parameters()
        rows = call.desk.administration.erasures.erasures.rows
        one: Erasure = await call.run(rows.one, call.number("number"))
        return answer(_form(one))


def _form(one: Erasure) -> dict[str, Any]:
    return {
        "number": one.number,
        "begun_at": time(one.at_us),
        "reason": one.reason,
        "finished_at": time(one.finished_us),
        **one.amounts.to_json(),
    }
