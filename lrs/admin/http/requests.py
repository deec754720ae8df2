"""Requests for access: for those who ask, and for those who decide."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.access import STATES, AccessRequest, parse_wish, parse_word
from lrs.admin.forms import parse_disclosure, parse_scopes, parse_time, request_form, time
from lrs.admin.http.door import SECRET_CHARACTERS_MAX, Call, answer, text_in
from lrs.admin.service.requests import Approval, Made
from lrs.auth.grants import Grant
from lrs.errors import InvalidParameter, NotFound

SECRET_HEADER = "X-LRS-Request"  # noqa: S105


class AskingHandlers:
    """Handlers of ``/request/api``, for people without an account."""

    async def make(self, call: Call) -> Response:
        """Ask for access: 201, with the private link to follow it by, shown this once."""
        call.parameters()
        call.desk.count_request(call.request)
        wish = parse_wish(await call.body((), ("organisation", "contact", "courses", "purpose")))
        made: Made = await call.run(call.desk.administration.requests.make, wish)
        link = f"{call.desk.settings.public_url.rstrip('/')}/request#{made.secret}"
        return answer({"link": link, "secret": made.secret, "state": made.request.state}, 201)

    async def state(self, call: Call) -> Response:
        """What has become of a request, whose secret is in the header X-LRS-Request."""
        call.parameters()
        call.desk.count_look(call.request)
        request, grant = await call.run(call.desk.administration.requests.found, _secret(call))
        return answer(_for_visitors(request, grant))

    async def take(self, call: Call) -> Response:
        """The key of a request that was approved: 201, once."""
        call.parameters()
        call.desk.count_look(call.request)
        issued, consumer = await call.run(call.desk.administration.requests.take, _secret(call))
        settings = call.desk.settings
        endpoint = f"{settings.public_url.rstrip('/')}{settings.base.rstrip('/')}/"
        key = {"key": issued.key, "secret": issued.secret, "consumer": consumer, "endpoint": endpoint}
        return answer(key, 201)


class RequestHandlers:
    """Handlers of ``/requests``, for administrators."""

    async def list_(self, call: Call) -> Response:
        """Requests for access, newest first."""
        parameters = call.parameters("state", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (int,), call.desk.settings.limits.admin_page_items_max)
        state = parameters.get("state")
        if state is not None and state not in STATES:
            raise InvalidParameter(f"state is one of {', '.join(STATES)}")
        before = None if wanted.after is None else wanted.after[0]
        found: list[AccessRequest] = await call.run(
            call.desk.administration.requests.rows.requests, state, before=before, limit=wanted.limit + 1
        )
        shown, following = paging.cut(found, lambda one: (one.number,), wanted.limit)
        return answer(paging.answer([request_form(one) for one in shown], following))

    async def read(self, call: Call) -> Response:
        """One request for access, with the ETag that deciding needs."""
        call.parameters()
        found = await call.run(call.desk.administration.requests.rows.request, call.number("number"))
        return answer(request_form(found), tagged=True)

    async def approve(self, call: Call) -> Response:
        """Make a consumer for a request, perhaps a narrower one than was asked for; needs If-Match."""
        body = await call.body(("scopes", "grant", "disclosure", "expires_at", "word"), ("name",))
        given: dict[str, Any] = {"name": text_in(body, "name"), "word": parse_word(body.get("word"))}
        if body.get("scopes") is not None:
            given["scopes"] = parse_scopes(body["scopes"])
        if body.get("grant") is not None:
            given["grant"] = Grant.from_json(body["grant"])
        if body.get("disclosure") is not None:
            given["disclosure"] = parse_disclosure(body["disclosure"])
        given["expires_at_us"] = parse_time("expires_at", body.get("expires_at"))
        acts = call.desk.administration.requests
        decided = await call.run(acts.approve, call.who, call.number("number"), Approval(**given), _as_seen(call))
        return answer(request_form(decided), tagged=True)

    async def refuse(self, call: Call) -> Response:
        """Refuse a request, with a word to the person; needs If-Match."""
        word = parse_word((await call.body(("word",))).get("word"))
        acts = call.desk.administration.requests
        decided = await call.run(acts.refuse, call.who, call.number("number"), word, _as_seen(call))
        return answer(request_form(decided), tagged=True)


def _as_seen(call: Call) -> Any:
    def precondition(now: AccessRequest) -> None:
        call.require_match(request_form(now))

    return precondition


def _secret(call: Call) -> str:
    secret = call.request.headers.get(SECRET_HEADER, "")
    if not 1 <= len(secret) <= SECRET_CHARACTERS_MAX:
        raise NotFound("there is no such request")
    return secret


def _for_visitors(request: AccessRequest, grant: Grant | None) -> dict[str, Any]:
    return {
        "state": request.state,
        "organisation": request.wish.organisation,
        "courses": list(request.wish.courses),
        "made_at": time(request.made_at_us),
        "decided_at": time(request.decided_at_us),
        "word": request.word,
        "consumer": request.consumer,
        "grant": None if grant is None else grant.to_json(),
    }
