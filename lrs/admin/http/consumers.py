"""Consumers, what can be granted to them, and the courses that the log knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import CONSUMER_MEMBERS, consumer_changes, consumer_form
from lrs.admin.http.door import Call, answer, text_in
from lrs.auth.allowances import Allowance
from lrs.auth.consumers import Consumer
from lrs.auth.scopes import MEANINGS
from lrs.errors import InvalidParameter

STATES = ("active", "disabled", "expired")
SUGGESTIONS = 20
SUGGESTIONS_MAX = 100
PREFIX_CHARACTERS_MAX = 300
AMOUNT_MAX = 1_000_000_000

_AMOUNTS = tuple(field.name for field in fields(Allowance))


class ConsumerHandlers:
    """Handlers of ``/consumers``, ``/scopes`` and ``/courses``."""

    async def list_(self, call: Call) -> Response:
        """Consumers by name; with search, those that have it in their name."""
        parameters = call.parameters("state", "search", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (str,), call.desk.settings.limits.admin_page_items_max)
        state, search = parameters.get("state"), parameters.get("search", "").casefold()
        if state is not None and state not in STATES:
            raise InvalidParameter(f"state is one of {', '.join(STATES)}")
        now_us = call.desk.now_us()
        found: list[Consumer] = await call.run(call.desk.engine.consumers.consumers)
        found = [
            one
            for one in sorted(found, key=lambda one: one.name)
            if search in one.name.casefold() and state in (None, one.state(now_us))
        ]
        shown, following = paging.page(found, lambda one: (one.name,), wanted)
        return answer(paging.answer([consumer_form(one, now_us) for one in shown], following))

    async def add(self, call: Call) -> Response:
        """Register a consumer: 201."""
        body = await call.body(CONSUMER_MEMBERS, ("name",))
        name = text_in(body, "name")
        given = consumer_changes({member: value for member, value in body.items() if member != "name"})
        added = await call.run(call.desk.administration.consumers.add, call.who, name, **given)
        form = consumer_form(added, call.desk.now_us())
        return answer(form, 201, tagged=True, location=f"{call.request.url.path}/{added.id}")

    async def read(self, call: Call) -> Response:
        """One consumer, with the ETag that changing it needs."""
        call.parameters()
        found = await call.run(call.desk.administration.consumers.numbered, call.number("id"))
        return answer(consumer_form(found, call.desk.now_us()), tagged=True)

    async def change(self, call: Call) -> Response:
        """Replace scopes, grant and the like of a consumer, or disable it; needs If-Match."""
        changes = consumer_changes(await call.body(CONSUMER_MEMBERS | {"disabled"}))
        acts, now_us = call.desk.administration.consumers, call.desk.now_us()
        before: Consumer = await call.run(acts.numbered, call.number("id"))

        def as_seen(now: Consumer) -> dict[str, Any]:
            call.require_match(consumer_form(now, now_us))
            return changes

        after: Consumer = await call.run(acts.change, call.who, before.name, as_seen)
        return answer(consumer_form(after, now_us), tagged=True)

    async def allowance(self, call: Call) -> Response:
        """How much a consumer may ask for, as far as that was set for it alone, with an ETag."""
        call.parameters()
        acts = call.desk.administration.consumers
        one: Consumer = await call.run(acts.numbered, call.number("id"))
        return answer(asdict(await call.run(acts.allowance, one.name)), tagged=True)

    async def allow(self, call: Call) -> Response:
        """Set how much a consumer may ask for; needs If-Match."""
        wanted = _allowance(await call.body((), _AMOUNTS))
        acts = call.desk.administration.consumers
        one: Consumer = await call.run(acts.numbered, call.number("id"))

        def as_seen(now: Allowance) -> Allowance:
            call.require_match(asdict(now))
            return wanted

        return answer(asdict(await call.run(acts.allow, call.who, one.name, as_seen)), tagged=True)

    async def privacy(self, call: Call) -> Response:
        """What it can see, in words and numbers, and what it has read in the last 30 days."""
        call.parameters()
        one: Consumer = await call.run(call.desk.administration.consumers.numbered, call.number("id"))
        report = await call.run(call.desk.administration.privacy.report, one.name)
        return answer(report.to_json())

    async def scopes(self, call: Call) -> Response:
        """Every scope that can be granted, with its meaning."""
        call.parameters()
        return answer({"items": [{"name": name, "meaning": meaning} for name, meaning in MEANINGS.items()]})

    async def courses(self, call: Call) -> Response:
        """Courses and organisations that the log knows, by the beginning of their key."""
        parameters = call.parameters("prefix", "limit")
        prefix = parameters.get("prefix", "")
        if len(prefix) > PREFIX_CHARACTERS_MAX:
            raise InvalidParameter(f"prefix has at most {PREFIX_CHARACTERS_MAX} characters")
        limit = paging.asked({"limit": parameters.get("limit", str(SUGGESTIONS))}, (), SUGGESTIONS_MAX).limit
        entries: list[str] = await call.run(call.desk.overview.courses, prefix, limit)
        return answer({"items": [_suggestion(entry) for entry in entries]})


def _allowance(body: Mapping[str, Any]) -> Allowance:
    """The amounts in ``body``: null for what the settings say, 0 for no limit."""
    for name in _AMOUNTS:
        value = body[name]
        # A boolean is an int to Python.
        whole = type(value) is int or (type(value) is float and name == "requests_per_s")
        if value is not None and not (whole and 0 <= value <= AMOUNT_MAX):
            raise InvalidParameter(f"{name} is null, or a number from 0 to {AMOUNT_MAX}, whole but for requests_per_s")
    return Allowance(**body)


def _suggestion(entry: str) -> dict[str, Any]:
    return {"entry": entry, "kind": "organisation" if entry.endswith("+*") else "course"}
