"""Who an actor is: inverse functional identifiers (Data 2.4.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lrs.errors import InvalidParameter, InvalidStatement
from lrs.xapi.validate import check_agent


def ifi(actor: Mapping[str, Any]) -> str | None:
    """One string for the identifier of a valid Agent or Group, or None for an anonymous Group.

    Equal strings mean the same person or group: ``account|<homePage>|<name>``, ``mbox|mailto:<address>`` with the
    domain in lower case, ``mbox_sha1sum|<lower-case hex>`` or ``openid|<uri>``. No homePage holds a ``|``, so the parts
    can't be confused.
    """
    account = actor.get("account")
    if account is not None:
        return f"account|{account['homePage']}|{account['name']}"
    mbox = actor.get("mbox")
    if mbox is not None:
        return f"mbox|{comparable_mbox(mbox)}"
    sha1 = actor.get("mbox_sha1sum")
    if sha1 is not None:
        return f"mbox_sha1sum|{sha1.lower()}"
    openid = actor.get("openid")
    return None if openid is None else f"openid|{openid}"


def identifier(actor: Any, called: str) -> str:
    """The ``ifi`` of the Agent or Identified Group that somebody gave as what is ``called`` so; InvalidParameter."""
    try:
        check_agent(actor, "actor")
    except InvalidStatement as error:
        raise InvalidParameter(f"{called}: {error.message}", problems=error.problems) from None
    found = ifi(actor)
    assert found is not None, "without an identifier it is neither"
    return found


def identified(name: str) -> dict[str, Any]:
    """The identifier of an actor, as an Agent has it, from its canonical form (see ``ifi``)."""
    kind, _, value = name.partition("|")
    if kind == "account":
        home_page, _, account = value.partition("|")
        return {"account": {"homePage": home_page, "name": account}}
    return {kind: value}


def site(name: str) -> str | None:
    """The homePage in a canonical identifier; None if it is not an account."""
    kind, _, value = name.partition("|")
    return value.partition("|")[0] if kind == "account" else None


def comparable_mbox(mbox: str) -> str:
    """``mbox`` with its domain, which is case insensitive, in lower case; the local part may mean its case."""
    local, at, domain = mbox.rpartition("@")
    return f"{local}{at}{domain.lower()}"
