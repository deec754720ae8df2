"""What is told of consumers, credentials and the rest, as JSON (docs/admin-api.md), and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lrs.admin.access import AccessRequest
from lrs.admin.accounts import Administrator, AdminSession
from lrs.audit.entry import Entry
from lrs.auth.consumers import Consumer, Key, SigningKey, TokenRow
from lrs.auth.disclosure import PLAIN, Disclosure
from lrs.auth.grants import Grant
from lrs.auth.restrictions import ACTORS
from lrs.auth.scopes import listed, scope_set
from lrs.errors import InvalidParameter
from lrs.xapi.timestamps import format_us, parse_timestamp

CONSUMER_MEMBERS = frozenset({"scopes", "grant", "disclosure", "expires_at", "trusted"})
"""What can be said of a consumer when it is made; ``disabled`` too when it is changed."""


def time(at_us: int | None) -> str | None:
    """A moment in UTC to the second; None for none."""
    return None if at_us is None else format_us(at_us)[:19] + "Z"


def grant_told(grant: Grant) -> dict[str, Any]:
    """A grant as the audit trail tells it: of actors, who are learners, only how many there are."""
    form = grant.to_json()
    return {**form, ACTORS: len(form[ACTORS])} if ACTORS in form else form


def parse_scopes(value: Any) -> frozenset[str]:
    """The scopes in ``value``; InvalidParameter."""
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise InvalidParameter("scopes is an array of at least one scope")
    return scope_set(value)


def parse_time(name: str, value: Any) -> int | None:
    """The moment in ``value``, microseconds since the epoch; None for null."""
    if value is None:
        return None
    try:
        return parse_timestamp(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidParameter(f"{name} is a time such as 2027-07-31T12:00:00Z, or null") from None


def parse_boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidParameter(f"{name} is true or false")
    return value


def parse_disclosure(value: Any) -> Disclosure:
    """The disclosure in ``value``, of which every member may be left out; InvalidParameter."""
    match value:
        case dict() if value.keys() <= {"actors", "space", "strip"}:
            space, strip = value.get("space"), value.get("strip", [])
            if isinstance(space, str | None) and isinstance(strip, list):
                return Disclosure.of(value.get("actors", PLAIN.actors), space, strip)
    raise InvalidParameter('disclosure is an object such as {"actors": "pseudonym", "space": null, "strip": ["names"]}')


def consumer_changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ``Consumer`` that ``body`` gives."""
    changes: dict[str, Any] = {}
    for name, value in body.items():
        match name:
            case "scopes":
                changes["scopes"] = parse_scopes(value)
            case "grant":
                changes["grant"] = Grant.from_json(value)
            case "disclosure":
                changes["disclosure"] = parse_disclosure(value)
            case "expires_at":
                changes["expires_at_us"] = parse_time(name, value)
            case "trusted" | "disabled":
                changes[name] = parse_boolean(name, value)
    return changes


def told(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a ``Consumer`` as the audit trail tells them."""
    forms: dict[str, Callable[[Any], Any]] = {"scopes": listed, "grant": grant_told, "expires_at_us": time}
    forms["disclosure"] = Disclosure.to_json
    return {name.removesuffix("_us"): forms[name](value) if name in forms else value for name, value in changes.items()}


def consumer_form(one: Consumer, now_us: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state(now_us),
        "disabled": one.disabled,
        "trusted": one.trusted,
        "scopes": listed(one.scopes),
        "grant": one.grant.to_json(),
        "disclosure": one.disclosure.to_json(),
        "created_at": time(one.created_at_us),
        "expires_at": time(one.expires_at_us),
    }


def key_form(one: Key) -> dict[str, Any]:
    return {
        "key": one.id,
        "consumer": one.consumer,
        "state": one.state,
        "created_at": time(one.created_at_us),
        "revoked_at": time(one.revoked_at_us),
        "last_used_at": time(one.last_used_at_us),
    }


def token_form(one: TokenRow, now_us: int) -> dict[str, Any]:
    return {
        "jti": one.jti,
        "consumer": one.consumer,
        "state": one.state(now_us),
        "scopes": listed(one.scopes),
        "grant": one.grant.to_json(),
        "issued_at": time(one.issued_at_us),
        "expires_at": time(one.expires_at_us),
        "revoked_at": time(one.revoked_at_us),
        "last_used_at": time(one.last_used_at_us),
    }


def signing_key_form(one: SigningKey, now_us: int) -> dict[str, Any]:
    return {
        "kid": one.kid,
        "state": one.state(now_us),
        "created_at": time(one.created_at_us),
        "retired_at": time(one.retired_at_us),
    }


def administrator_form(one: Administrator) -> dict[str, Any]:
    return {
        "name": one.name,
        "created_at": time(one.created_at_us),
        "has_password": one.has_password,
        "last_login_at": time(one.last_login_at_us),
        "sessions": one.sessions,
    }


def session_form(one: AdminSession, idle_s: int) -> dict[str, Any]:
    return {
        "kind": "administrator",
        "name": one.name,
        "started_at": time(one.started_at_us),
        "expires_at": time(one.expires_at_us),
        "idle_s": idle_s,
    }


def request_form(one: AccessRequest) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "organisation": one.wish.organisation,
        "contact": one.wish.contact,
        "courses": list(one.wish.courses),
        "purpose": one.wish.purpose,
        "made_at": time(one.made_at_us),
        "decided_at": time(one.decided_at_us),
        "decided_by": one.decided_by,
        "word": one.word,
        "consumer": one.consumer,
        "taken_at": time(one.taken_at_us),
    }


def entry_form(one: Entry) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": time(one.at_us),
        "actor": one.actor,
        "act": one.act,
        "about": one.about,
        "details": one.details,
    }
