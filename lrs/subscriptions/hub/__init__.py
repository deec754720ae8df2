"""The hub: all subscriptions of one process to one log, whatever carries them.

``subscription`` is one reader, who pulls; ``pages`` reads the log once for those who want the same of it; ``hub`` has
them all, and hands on what the tail brings. Does not enter: connections, credentials, frames of clients.
"""

from lrs.subscriptions.batch import Batch
from lrs.subscriptions.hub.hub import Hub
from lrs.subscriptions.hub.subscription import Subscription

__all__ = ["Batch", "Hub", "Subscription"]
