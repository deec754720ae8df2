"""All acts of one store together."""

from __future__ import annotations

from lrs.admin.service.accounts import AccountActs
from lrs.admin.service.acting import Rooms
from lrs.admin.service.aside import AsideActs
from lrs.admin.service.consumers import ConsumerActs
from lrs.admin.service.erasures import ErasureActs
from lrs.admin.service.followers import FollowerActs
from lrs.admin.service.privacy import PrivacyActs
from lrs.admin.service.requests import RequestActs
from lrs.audit.sqlite import AuditTrail
from lrs.auth.issue import Issuer
from lrs.auth.secrets import Entropy
from lrs.auth.sqlite import SqliteConsumers
from lrs.auth.sqlite.allowances import AllowanceRows
from lrs.clock import Clock
from lrs.config import Settings
from lrs.statements.sqlite.schema import migrations as log_migrations
from lrs.storage.sqlite import Store


class Administration:
    """The acts, by what they are about. Made by ``open_administration``."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.trail = rooms.trail
        self.consumers = ConsumerActs(rooms)
        self.followers = FollowerActs(rooms)
        self.aside = AsideActs(rooms)
        self.erasures = ErasureActs(rooms)
        self.privacy = PrivacyActs(rooms)
        self.accounts = AccountActs(rooms)
        self.requests = RequestActs(rooms)


def open_administration(
    store: Store, consumers: SqliteConsumers, settings: Settings, *, clock: Clock, entropy: Entropy
) -> Administration:
    """The administration of ``store``, beside a server that may be running; tables are made when missing."""
    store.migrate(log_migrations)
    return Administration(
        Rooms(
            store=store,
            consumers=consumers,
            allowances=AllowanceRows(store),
            issuer=Issuer(consumers, settings, clock=clock, entropy=entropy),
            trail=AuditTrail(store, clock),
            settings=settings,
            clock=clock,
            entropy=entropy,
        )
    )
