"""The store at a glance, statements without their content, settings, and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import entry_form, time
from lrs.admin.http.desk import Desk
from lrs.admin.http.door import Call, answer
from lrs.audit.sqlite import Wanted
from lrs.auth.consumers import Consumer
from lrs.auth.principal import Principal
from lrs.auth.scopes import STATEMENTS_READ_MINE, expanded, reads_all_authors
from lrs.config import Settings, describe
from lrs.door.parameters import timestamp_us
from lrs.errors import NotFound
from lrs.limits import Limits
from lrs.statements.match import visibility
from lrs.statements.record import Record
from lrs.statements.sqlite.overview import Counted, Known
from lrs.xapi.uuids import is_uuid

BUCKETS = 60
BUCKET_S = 10
COUNTED_MAX = 20


class OverviewHandlers:
    """Handlers of ``/statistics``, ``/statements``, ``/settings`` and ``/audit``."""

    async def statistics(self, call: Call) -> Response:
        """How much there is, how fast it comes, who follows, and what waits for an administrator."""
        call.parameters()
        connections, processes = await call.desk.workers.connections()
        return answer(
            {
                **(await call.run(_of_store, call.desk)),
                "connections": len(connections),
                "processes": processes,
                "lag_s": max((one["lag_s"] for one in connections), default=0.0),
                "bytes_sent": sum(one["bytes_sent"] for one in connections),
            }
        )

    async def metrics(self, call: Call) -> Response:
        """The numbers of /metrics for who administers the store, also where that is closed."""
        call.parameters()
        if call.desk.metrics is None:
            raise NotFound("nobody counts here")
        body, media_type = await call.desk.metrics("text/plain")
        return Response(body, headers={"Cache-Control": "no-store", "Content-Type": media_type})

    async def statement(self, call: Call) -> Response:
        """What is known of a statement beside its content: whether it is voided, and who may see it."""
        call.parameters()
        text = call.path("id")
        if not is_uuid(text):
            raise NotFound("this is not the id of a statement")
        return answer(await call.run(_of_statement, call.desk, UUID(text)))

    async def settings(self, call: Call) -> Response:
        """Every setting as it is in force."""
        call.parameters()
        return answer({"items": _of_settings(call.desk.settings)})

    async def audit(self, call: Call) -> Response:
        """Who did what, newest first."""
        names = ("since", "until", "actor", "act", "about")
        parameters = call.parameters(*names, *paging.PARAMETERS)
        wanted = paging.asked(parameters, (int,), call.desk.settings.limits.admin_page_items_max)
        entries = await call.run(
            call.desk.administration.trail.entries,
            Wanted(
                since_us=timestamp_us(parameters, "since"),
                until_us=timestamp_us(parameters, "until"),
                **{name: parameters.get(name) for name in ("actor", "act", "about")},
            ),
            before=None if wanted.after is None else wanted.after[0],
            limit=wanted.limit + 1,
        )
        shown, following = paging.cut(entries, lambda one: (one.number,), wanted.limit)
        return answer(paging.answer([entry_form(one) for one in shown], following))


def _of_store(desk: Desk) -> dict[str, Any]:
    now_us, overview = desk.now_us(), desk.overview
    count, newest_us = overview.newest()
    bucket_us = BUCKET_S * 1_000_000
    last_us = now_us // bucket_us * bucket_us
    bounds_us = [last_us - bucket_us * back for back in range(BUCKETS, -1, -1)]
    courses, verbs = overview.recent(desk.settings.limits.recent_statements_max, COUNTED_MAX, desk.now_s())
    size, aside = overview.size(), desk.administration.aside.rows.counts()
    return {
        "at": time(now_us),
        "statements": count,
        "newest_stored_at": time(newest_us),
        "rates": {
            "bucket_s": BUCKET_S,
            "from": time(bounds_us[0]),
            "counts": overview.stored_between(bounds_us),
        },
        "recent": {
            "statements": min(count, desk.settings.limits.recent_statements_max),
            "courses": _counted(courses),
            "verbs": _counted(verbs),
        },
        "store": {"bytes": size.database_bytes, "wal_bytes": size.wal_bytes, "free_bytes": size.free_bytes},
        "consumers": len(desk.engine.consumers.consumers()),
        **aside,
        "requests_open": desk.administration.requests.rows.count_open(),
    }


def _counted(counted: Sequence[Counted]) -> list[dict[str, Any]]:
    return [{"name": one.name, "count": one.count} for one in counted]


def _of_statement(desk: Desk, statement_id: UUID) -> dict[str, Any]:
    known: Known = desk.overview.known(statement_id)
    now_us = desk.now_us()
    return {
        "id": str(statement_id),
        "stored_at": time(known.record.stored_us),
        "courses": sorted(known.record.courses),
        "voided": known.voided_by is not None,
        "voided_by": None if known.voided_by is None else str(known.voided_by),
        "voids": None if known.voids is None else str(known.voids),
        "seen_by": [
            one.name
            for one in desk.engine.consumers.consumers()
            if one.state(now_us) == "active" and _sees(one, known.record)
        ],
    }


def _sees(one: Consumer, record: Record) -> bool:
    """Whether a key of this consumer reads ``record``, by the predicate that every reader passes (invariant 4)."""
    if not (reads_all_authors(one.scopes) or STATEMENTS_READ_MINE in expanded(one.scopes)):
        return False
    as_principal = Principal(
        consumer_id=one.id,
        consumer=one.name,
        credential="",
        scopes=one.scopes,
        grant=one.grant,
        expires_at_us=None,
        authority={},
    )
    return visibility(as_principal).permits(record)


def _of_settings(settings: Settings) -> list[dict[str, Any]]:
    values = {f"LRS_{row.name.upper()}": getattr(settings, row.name) for row in fields(Settings)}
    values |= {f"LRS_{row.name.upper()}": getattr(settings.limits, row.name) for row in fields(Limits)}
    found = []
    for row in describe():
        value = values[row.variable]
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        found.append({**row._asdict(), "value": text, "changed": text != row.default})
    return found
