"""From a valid statement to a draft: what the LRS adds, and the keys, before the log sees it.

``stored`` is left to the writer, which knows it; everything else is settled here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from lrs.auth.principal import Principal
from lrs.auth.scopes import DEFINE
from lrs.statements.attachments import named
from lrs.statements.keys import DEFINER, RELATED_AGENT, VOIDED, WRITER, extract
from lrs.statements.record import Draft, StatementId
from lrs.xapi.actors import ifi
from lrs.xapi.normalise import normalise

VERSION_IF_ABSENT = {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}
"""Data 2.4.10: a statement of 1.0.x without a version is one of 1.0.0; 9274.1.1 4.2.4.3 has 2.0.0."""


@dataclass(frozen=True, slots=True)
class Authorship:
    """What a credential adds to every statement that it stores (invariant 8): computed once for each principal."""

    ending: bytes
    keys: frozenset[str]

    @classmethod
    def of(cls, principal: Principal) -> Authorship:
        authority = principal.authority
        keys = {RELATED_AGENT + name for agent in (authority, *authority.get("member", ())) if (name := ifi(agent))}
        keys.add(f"{WRITER}{principal.consumer_id}")
        if principal.allows(DEFINE):
            keys.add(DEFINER)
        return cls(b',"authority":' + orjson.dumps(authority), frozenset(keys))


def prepare(
    statement: dict[str, Any],
    authorship: Authorship,
    *,
    version: str,
    new_id: Callable[[], UUID],
    event_key: bytes | None = None,
) -> Draft:
    """The draft of a validated ``statement``, which is normalised in place; ``event_key`` is for it to keep.

    ``version`` is that of the request (``1.0.3`` or ``2.0.0``); ``new_id`` makes an id for a statement that has none
    (Communication 2.1.2). The members that only the LRS may set, ``stored`` and ``authority``, are replaced.
    """
    statement.pop("stored", None)
    statement.pop("authority", None)
    text = statement.get("id")
    if text is None:
        text = str(new_id())
        statement = {"id": text, **statement}
    if "version" not in statement:
        statement["version"] = VERSION_IF_ABSENT[version]
    normalise(statement)
    names, courses = extract(statement)
    target = statement["object"]
    refers = target.get("objectType") == "StatementRef"
    return Draft(
        id=_id_bytes(text),
        body=orjson.dumps(statement)[:-1] + authorship.ending,
        keys=names | authorship.keys,
        courses=courses,
        lacks_timestamp="timestamp" not in statement,
        refers_to=_id_bytes(target["id"]) if refers else None,
        voids=refers and _verb(statement) == VOIDED,
        event_key=event_key,
        attachments=named(statement) if "attachments" in statement or "attachments" in target else (),
    )


def _id_bytes(text: str) -> StatementId:
    """The bytes of a UUID that is known to have the standard form; a third of the cost of a ``UUID`` object."""
    return StatementId(bytes.fromhex(text.replace("-", "")))


def _verb(statement: Mapping[str, Any]) -> Any:
    return statement["verb"]["id"]
