"""What trusted writers sent and is not in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import time
from lrs.admin.http.door import Call, answer, nothing
from lrs.statements.sqlite.aside import KeptConflict, Quarantined

T = TypeVar("T", Quarantined, KeptConflict)


class AsideHandlers:
    """Handlers of ``/quarantine`` and ``/conflicts``."""

    async def quarantined(self, call: Call) -> Response:
        """What could not be stored, oldest first, without its content."""
        return await _page(call, call.desk.administration.aside.rows.quarantined, _form)

    async def look(self, call: Call) -> Response:
        """One of them with its content, which the audit trail notes."""
        call.parameters()
        one: Quarantined = await call.run(call.desk.administration.aside.look, call.who, call.number("number"))
        return answer({**_form(one), "body": _content(one.body)})

    async def retry(self, call: Call) -> Response:
        """Try to store it again, as its sender, under the rules of today."""
        number, aside = call.number("number"), call.desk.administration.aside
        before: Quarantined = await call.run(aside.rows.one, number)
        stored = await aside.retry(call.who, call.desk.engine, number)
        return answer({"stored": True} if stored else {"stored": False, "problems": before.problems})

    async def drop(self, call: Call) -> Response:
        """Remove it for good: 204."""
        await call.run(call.desk.administration.aside.drop, call.who, call.number("number"))
        return nothing()

    async def conflicts(self, call: Call) -> Response:
        """Statements that came under an id that was taken, oldest first, without their content."""
        return await _page(call, call.desk.administration.aside.rows.conflicts, _conflict_form)

    async def look_at_conflict(self, call: Call) -> Response:
        """Both contents of one conflict, which the audit trail notes."""
        call.parameters()
        act = call.desk.administration.aside.look_at_conflict
        one: KeptConflict = await call.run(act, call.who, call.number("number"))
        return answer({**_conflict_form(one), "kept": one.kept, "refused": one.refused})

    async def drop_conflict(self, call: Call) -> Response:
        """Remove a conflict for good: 204; the log keeps what it has."""
        await call.run(call.desk.administration.aside.drop_conflict, call.who, call.number("number"))
        return nothing()


async def _page(call: Call, read: Callable[..., list[T]], form: Callable[[T], dict[str, Any]]) -> Response:
    """The page that is asked for of what ``read`` gives in the order of its numbers."""
    most = call.desk.settings.limits.admin_page_items_max
    wanted = paging.asked(call.parameters(*paging.PARAMETERS), (int,), most)
    after = 0 if wanted.after is None else int(wanted.after[0])
    found = await call.run(read, after=after, limit=wanted.limit + 1)
    shown, following = paging.cut(found, lambda one: (one.number,), wanted.limit)
    return answer(paging.answer([form(one) for one in shown], following))


def _form(one: Quarantined) -> dict[str, Any]:
    return {
        "number": one.number,
        "received_at": time(one.received_us),
        "consumer": one.consumer,
        "version": one.version,
        "problems": one.problems,
        "bytes": len(one.body),
    }


def _content(body: bytes) -> Any:
    """JSON if it is any that can be told again, else text."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "backslashreplace")


def _conflict_form(one: KeptConflict) -> dict[str, Any]:
    return {"number": one.number, "received_at": time(one.received_us), "statement": str(one.statement_id)}
