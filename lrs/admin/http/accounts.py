"""Logging in and out, passwords, the stream token of a session, and administrators."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.accounts import Administrator, Link
from lrs.admin.forms import administrator_form, session_form, time
from lrs.admin.http.door import COOKIE, Call, answer, cookie, nothing, text_in
from lrs.admin.passwords import CHARACTERS_MAX
from lrs.admin.service.accounts import Begun
from lrs.auth.issue import IssuedToken
from lrs.auth.scopes import listed
from lrs.errors import Forbidden, LoginRefused

PASSWORD_PAGE = "/admin/password#"  # noqa: S105


class AccountHandlers:
    """Handlers of ``/session``, ``/password-link`` and ``/administrators``."""

    async def log_in(self, call: Call) -> Response:
        """Log in with name and password: 201, and the cookie of a new session."""
        call.desk.count_login(call.request)
        body = await call.body((), ("name", "password"))
        name, password = text_in(body, "name"), text_in(body, "password", CHARACTERS_MAX)
        log_in = call.desk.administration.accounts.log_in
        try:
            begun = await call.desk.with_password(log_in, name, password, cookie(call.request))
        except LoginRefused:
            await call.desk.refused_logins.note(name)
            raise
        return _logged_in(call, begun)

    async def use_link(self, call: Call) -> Response:
        """Set a password by a one-time link, and log in: 201, and the cookie of a new session."""
        call.desk.count_login(call.request)
        body = await call.body((), ("link", "password"))
        link, password = text_in(body, "link"), text_in(body, "password", CHARACTERS_MAX)
        begun = await call.desk.with_password(
            call.desk.administration.accounts.use_link, link, password, cookie(call.request)
        )
        return _logged_in(call, begun)

    async def session(self, call: Call) -> Response:
        """Who is asking: an administrator with a session, or a program."""
        call.parameters()
        if call.session is not None:
            return answer(session_form(call.session, call.desk.settings.limits.admin_idle_s))
        assert call.principal is not None
        expires_at = time(call.principal.expires_at_us)
        name = call.principal.consumer
        return answer({"kind": "consumer", "name": name, "started_at": None, "expires_at": expires_at, "idle_s": None})

    async def log_out(self, call: Call) -> Response:
        """End the session: 204, and the cookie is removed."""
        await call.run(call.desk.administration.accounts.log_out, _session(call))
        response = nothing()
        response.delete_cookie(COOKIE, **_cookie_form(call))
        return response

    async def stream_token(self, call: Call) -> Response:
        """A token of a few minutes that reads all statements, live and by query: 201."""
        issued: IssuedToken = await call.run(call.desk.administration.accounts.stream_token, _session(call))
        row = issued.row
        return answer({"token": issued.token, "expires_at": time(row.expires_at_us), "scopes": listed(row.scopes)}, 201)

    async def change_password(self, call: Call) -> Response:
        """Replace the own password: 204; all other sessions end."""
        session = _session(call)
        call.desk.count_login(call.request)
        body = await call.body((), ("current", "password"))
        current, password = (text_in(body, name, CHARACTERS_MAX) for name in ("current", "password"))
        await call.desk.with_password(call.desk.administration.accounts.change_password, session, current, password)
        return nothing()

    async def list_(self, call: Call) -> Response:
        """Administrators by name."""
        parameters = call.parameters(*paging.PARAMETERS)
        wanted = paging.asked(parameters, (str,), call.desk.settings.limits.admin_page_items_max)
        found: list[Administrator] = await call.run(call.desk.administration.accounts.administrators)
        shown, following = paging.page(found, lambda one: (one.name,), wanted)
        return answer(paging.answer([administrator_form(one) for one in shown], following))

    async def add(self, call: Call) -> Response:
        """Make an administrator: 201, with the link by which they set their password, shown this once."""
        name = text_in(await call.body((), ("name",)), "name")
        return await _linked(call, await call.run(call.desk.administration.accounts.add, call.who, name))

    async def link(self, call: Call) -> Response:
        """A new link for an administrator who has lost the password: 201."""
        acts = call.desk.administration.accounts
        return await _linked(call, await call.run(acts.link, call.who, call.path("name")))

    async def remove(self, call: Call) -> Response:
        """Remove an administrator, and end their sessions: 204."""
        await call.run(call.desk.administration.accounts.remove, call.who, call.path("name"))
        return nothing()


def _session(call: Call) -> Any:
    if call.session is None:
        raise Forbidden("this is for those who have logged in, and not for programs")
    return call.session


async def _linked(call: Call, link: Link) -> Response:
    one = await call.run(call.desk.administration.accounts.administrator, link.name)
    address = f"{call.desk.settings.public_url.rstrip('/')}{PASSWORD_PAGE}{link.secret}"
    return answer({**administrator_form(one), "link": address, "link_expires_at": time(link.expires_at_us)}, 201)


def _logged_in(call: Call, begun: Begun) -> Response:
    response = answer(session_form(begun.session, call.desk.settings.limits.admin_idle_s), 201)
    max_age_s = call.desk.settings.limits.admin_session_s
    response.set_cookie(COOKIE, begun.secret, max_age=max_age_s, **_cookie_form(call))
    return response


def _cookie_form(call: Call) -> dict[str, Any]:
    """The same for setting and removing; Secure wherever clients come by TLS."""
    secure = call.desk.settings.public_url.startswith("https:") or call.request.url.scheme == "https"
    path = f"{call.request.scope.get('root_path', '')}/admin"
    return {"path": path, "secure": secure, "httponly": True, "samesite": "strict"}
