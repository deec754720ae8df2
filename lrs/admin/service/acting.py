"""What all acts have in common: one transaction, and one entry in the audit trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lrs.audit.entry import Actor
from lrs.audit.sqlite import AuditTrail
from lrs.auth.issue import Issuer
from lrs.auth.secrets import Entropy
from lrs.auth.sqlite import SqliteConsumers
from lrs.auth.sqlite.allowances import AllowanceRows
from lrs.clock import Clock
from lrs.config import Settings
from lrs.storage.sqlite import Store


@dataclass(slots=True)
class Act:
    """The entry of an act under way: what it is about is often known only when it is done."""

    name: str
    about: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What acts work with."""

    store: Store
    consumers: SqliteConsumers
    allowances: AllowanceRows
    issuer: Issuer
    trail: AuditTrail
    settings: Settings
    clock: Clock
    entropy: Entropy

    @contextmanager
    def acting(self, actor: Actor, name: str, about: str = "") -> Iterator[Act]:
        """A transaction for one act of ``actor``, which ends with the entry that the block has filled in."""
        act = Act(name, about)
        with self.store.writing():
            yield act
            self.trail.note(actor, act.name, act.about, act.details)
