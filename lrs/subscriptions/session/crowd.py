"""Those who stand at the same place of a channel and take what comes at once: they are told together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lrs.statements.record import Place
from lrs.subscriptions.channels import Channel
from lrs.subscriptions.doors import Door
from lrs.subscriptions.frames import Frame
from lrs.subscriptions.hub import Batch, Subscription
from lrs.subscriptions.session.transport import Direct

if TYPE_CHECKING:
    from lrs.subscriptions.session.registry import Sessions
    from lrs.subscriptions.session.sender import Sender


class Crowd:
    """Subscriptions of one channel, under one name, that were told the same last and have no window.

    What has come is read, made a frame and counted once for all of them, and then costs each no more than writing it.
    Whoever does not take it at once, and whoever is asked anything alone, leaves, and goes on alone from the place of
    the crowd. ``place``: up to here they have read, and were told so. ``bytes_sent``: so much was sent to whoever has
    been there from the beginning.
    """

    __slots__ = ("_channel", "_consumers", "_directs", "_name", "_senders", "_sessions", "bytes_sent", "place")

    def __init__(self, sessions: Sessions, channel: Channel, name: str, place: Place) -> None:
        self.place = place
        self.bytes_sent = 0
        self._sessions = sessions
        self._channel = channel
        self._name = name
        self._directs: dict[Subscription, Direct] = {}
        self._senders: dict[Subscription, Sender] = {}
        self._consumers: Counter[int] = Counter()

    def enter(self, subscription: Subscription, sender: Sender, direct: Direct) -> None:
        """Tell ``subscription`` from now on, over ``direct``."""
        self._directs[subscription] = direct
        self._senders[subscription] = sender
        self._consumers[sender.consumer_id] += 1
        subscription.stand_with(self)

    def leave(self, subscription: Subscription) -> None:
        """See ``Company``."""
        del self._directs[subscription]
        sender = self._senders.pop(subscription)
        sender.left(self)
        self._consumers[sender.consumer_id] -= 1
        if not self._consumers[sender.consumer_id]:
            del self._consumers[sender.consumer_id]
        if not self._directs:
            self._sessions.crowds.pop((self._channel, self._name))
            del self._channel.crowds[self]

    def wake(self) -> None:
        """Tell all what has come. Whoever can't be told here is alone afterwards, and not woken."""
        channel, hub = self._channel, self._sessions.hub
        if self.place < channel.start:
            self._part(self._directs)
        most, bytes_max = hub.limits.server_frame_statements_max, hub.limits.server_frame_bytes_max
        while self._directs and self.place < channel.last:
            payloads, through = channel.after(self.place, limit=most, bytes_max=bytes_max)
            batch = Batch(payloads, self.place, through, False, channel.number, hub.cursors, fresh=True)
            self._tell(hub.frame(self._name, batch), len(payloads), through)

    def _tell(self, frame: Frame, statements: int, through: Place) -> None:
        refused = []
        for subscription, direct in [*self._directs.items()]:
            try:
                taken = direct.take(frame)
            except Exception:  # noqa: BLE001
                # Alone it meets the same again, and is the only one whom that concerns.
                taken = False
            if not taken:
                refused.append(subscription)
        # They have not been told, so they stand where the others stood before.
        self._part(refused)
        self.place = through
        size = len(frame.data)
        self.bytes_sent += size
        sessions = self._sessions
        sessions.traffic.sent[Door.WEBSOCKET].add(len(self._directs), statements, size, sessions.delay_s(frame))
        for consumer_id, count in self._consumers.items():
            sessions.reads.pushed(consumer_id, statements * count)

    def _part(self, subscriptions: Iterable[Subscription]) -> None:
        for subscription in list(subscriptions):
            subscription.stand_alone()
