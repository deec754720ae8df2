"""Keys, tokens, and the keys that sign tokens."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lrs.admin import paging
from lrs.admin.forms import key_form, parse_scopes, signing_key_form, token_form
from lrs.admin.http.door import Call, answer, text_in
from lrs.auth.consumers import Key, SigningKey, TokenRow
from lrs.auth.grants import Grant
from lrs.auth.issue import TTL_S_MAX, IssuedKey, IssuedToken
from lrs.errors import InvalidParameter

KEY_STATES = ("active", "revoked")
TOKEN_STATES = (*KEY_STATES, "expired")


class CredentialHandlers:
    """Handlers of ``/keys``, ``/tokens`` and ``/signing-keys``."""

    async def keys(self, call: Call) -> Response:
        """Keys, newest first."""
        parameters = call.parameters("consumer", "state", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (int, str), call.desk.settings.limits.admin_page_items_max)
        state = _state(parameters, KEY_STATES)
        found: list[Key] = await call.run(call.desk.engine.consumers.keys, parameters.get("consumer"))
        found = sorted(found, key=_key_place)
        forms = [(one, key_form(one)) for one in found]
        forms = [(one, form) for one, form in forms if state in (None, form["state"])]
        shown, following = paging.page(forms, lambda pair: _key_place(pair[0]), wanted)
        return answer(paging.answer([form for _, form in shown], following))

    async def add_key(self, call: Call) -> Response:
        """Make a key for a consumer: 201, with the secret, which is shown this once."""
        consumer = text_in(await call.body((), ("consumer",)), "consumer")
        issued: IssuedKey = await call.run(call.desk.administration.consumers.add_key, call.who, consumer)
        found = await call.run(call.desk.engine.consumers.key, issued.key)
        return answer({**key_form(found[0]), "secret": issued.secret}, 201)

    async def revoke_key(self, call: Call) -> Response:
        """Refuse a key from now on, and close its streams."""
        revoked = await call.run(call.desk.administration.consumers.revoke_key, call.who, call.path("key"))
        return answer(key_form(revoked))

    async def tokens(self, call: Call) -> Response:
        """Tokens, newest first."""
        parameters = call.parameters("consumer", "state", *paging.PARAMETERS)
        wanted = paging.asked(parameters, (int, str), call.desk.settings.limits.admin_page_items_max)
        state, now_us = _state(parameters, TOKEN_STATES), call.desk.now_us()
        found: list[TokenRow] = await call.run(call.desk.engine.consumers.tokens, parameters.get("consumer"))
        forms = [(one, token_form(one, now_us)) for one in sorted(found, key=_token_place)]
        forms = [(one, form) for one, form in forms if state in (None, form["state"])]
        shown, following = paging.page(forms, lambda pair: _token_place(pair[0]), wanted)
        return answer(paging.answer([form for _, form in shown], following))

    async def issue_token(self, call: Call) -> Response:
        """Issue a token to a consumer: 201, with its text, which is shown this once."""
        body = await call.body(("scopes", "grant", "ttl_s"), ("consumer",))
        asked: dict[str, Any] = {}
        if body.get("scopes") is not None:
            asked["scopes"] = parse_scopes(body["scopes"])
        if body.get("grant") is not None:
            asked["grant"] = Grant.from_json(body["grant"])
        asked["ttl_s"] = _seconds(body, "ttl_s")
        consumer = text_in(body, "consumer")
        issued: IssuedToken = await call.run(
            call.desk.administration.consumers.issue_token, call.who, consumer, **asked
        )
        return answer({**token_form(issued.row, call.desk.now_us()), "token": issued.token}, 201)

    async def revoke_token(self, call: Call) -> Response:
        """Refuse a token from now on, and close its streams."""
        jti = call.path("jti")
        revoked = await call.run(call.desk.administration.consumers.revoke_token, call.who, jti)
        return answer(token_form(revoked, call.desk.now_us()))

    async def signing_keys(self, call: Call) -> Response:
        """The keys that sign and verify tokens, the one that signs first."""
        call.parameters()
        return _signing_keys(call, await call.run(call.desk.engine.consumers.all_signing_keys))

    async def rotate(self, call: Call) -> Response:
        """Make a new signing key: 201. Those before verify what they signed until it has expired."""
        retire_after_s = _seconds(await call.body(("retire_after_s",)), "retire_after_s")
        acts = call.desk.administration.consumers
        await call.run(acts.rotate_signing_key, call.who, retire_after_s=retire_after_s)
        return _signing_keys(call, await call.run(call.desk.engine.consumers.all_signing_keys), 201)

    async def retire(self, call: Call) -> Response:
        """Refuse every token that a signing key has signed."""
        retired = await call.run(call.desk.administration.consumers.retire_signing_key, call.who, call.path("kid"))
        return answer(signing_key_form(retired, call.desk.now_us()))


def _signing_keys(call: Call, found: list[SigningKey], status: int = 200) -> Response:
    now_us = call.desk.now_us()
    return answer({"items": [signing_key_form(one, now_us) for one in found]}, status)


def _key_place(one: Key) -> paging.Key:
    return -one.created_at_us, one.id


def _token_place(one: TokenRow) -> paging.Key:
    return -one.issued_at_us, one.jti


def _state(parameters: dict[str, str], states: tuple[str, ...]) -> str | None:
    state = parameters.get("state")
    if state is not None and state not in states:
        raise InvalidParameter(f"state is one of {', '.join(states)}")
    return state


def _seconds(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    # A boolean is an int to Python.
    if value is not None and (type(value) is not int or not 0 <= value <= TTL_S_MAX):
        raise InvalidParameter(f"{name} is a whole number of seconds, at most {TTL_S_MAX}")
    return value
