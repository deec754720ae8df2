"""What is asked of an erasure, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lrs.auth.consumers import ConsumerStore
from lrs.auth.principal import authority_agent
from lrs.errors import InvalidParameter
from lrs.statements.learners import Learner
from lrs.xapi.actors import ifi

REASON_CHARACTERS_MAX = 500
RETENTION = "retention"
"""The reason of what goes by its age."""

_OWNER = "owner"
REQUEST = "request"
"""The reason when none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A ``learner``, or everything up to the position ``through``."""

    learner: Learner | None = None
    through: int = 0

    def text(self) -> str:
        """JSON, to be kept as long as it is under way."""
        form = {"through": self.through} if self.learner is None else {"identifiers": self.learner.identifiers}
        return orjson.dumps(form).decode()

    @classmethod
    def read(cls, text: str) -> Wanted:
        form = orjson.loads(text)
        if "through" in form:
            return cls(through=form["through"])
        return cls(learner=Learner(tuple(form["identifiers"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much of each: statements, documents, files of attachments, and what lies in quarantine and conflicts."""

    statements: int = 0
    documents: int = 0
    attachments: int = 0
    aside: int = 0

    def to_json(self) -> dict[str, int]:
        return {
            "statements": self.statements,
            "documents": self.documents,
            "attachments": self.attachments,
            "aside": self.aside,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure as it is remembered; it does not say who was erased. ``finished_us``: None while it is under way."""

    number: int
    at_us: int
    reason: str
    finished_us: int | None
    amounts: Amounts


def learner_of(agents: Any, consumers: ConsumerStore, public_url: str) -> Learner:
    """Who is identified by ``agents``, one or a list; InvalidParameter, also for what stands for a consumer."""
    learner = Learner.of(agents)
    for name in (_OWNER, *(one.name for one in consumers.consumers())):
        if ifi(authority_agent(name, public_url)) in learner.identifiers:
            raise InvalidParameter(
                f"this is the authority of the consumer {name}: erasing it would erase all that it stored"
            )
    return learner


def parse_reason(value: Any) -> str:
    """A text of some length, without control characters; ``REQUEST`` for none. InvalidParameter."""
    if value is None or value == "":
        return REQUEST
    if not isinstance(value, str) or len(value) > REASON_CHARACTERS_MAX or not value.isprintable():
        raise InvalidParameter(f"a reason is one line of at most {REASON_CHARACTERS_MAX} characters")
    return value


def told(one: Erasure) -> Mapping[str, Any]:
    """What the audit trail says of it."""
    return {"reason": one.reason, **one.amounts.to_json()}
