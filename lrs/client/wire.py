"""What both forms of the stream have in common: their arguments, where they stand, and how they use websockets."""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Unpack

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, SecurityError

from lrs.client import endings
from lrs.client.asking import PROTOCOL, Asking, Filter, Start
from lrs.client.backoff import Backoff
from lrs.client.batches import Batch, Erased, Statement
from lrs.client.errors import Interrupted, Refused, StreamError
from lrs.client.follower import OPENING_S, Command, Follower, Pause, Receive

CLOSE_S = 1.0
"""How long the end of a connection is waited for."""

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""The largest frame taken; those of the server are smaller, unless its limits were raised a lot."""

FRAMES_AHEAD_MAX = 16
"""How many frames wait for a program that is busy; then nothing is read until it comes."""

TokenProvider = Callable[[], str | Awaitable[str]]

OnErased = Callable[[Sequence[str]], object]

logger = logging.getLogger("lrs.client")


class Reader:
    """What ``Stream`` and ``SyncStream`` take and share.

    ``url``: of the stream, such as ``wss://lrs.example.com/xapi/stream``.
    ``token``, or ``token_provider``: a function that returns one. It is asked for each connection, and when the token
    in use is about to end. After an OSError it is asked again later; other exceptions reach the program.
    ``after``: the cursor to go on after. ``start``: where to begin when that is None: ``"now"``, ``"beginning"``, or a
    datetime, for what was stored then or later.
    ``durable``: a name under which the server keeps how far the program is; it goes on there, and ``after`` and
    ``start`` count the first time only, or with ``reset``.
    ``window``: how many statements the server may send that are not finished.
    ``auto_ack``: a batch is finished when what comes after it is asked for; if False, when ``ack`` says so.
    ``on_erased``: called with ids of statements that were erased, between statements; ``batches`` gives ``Erased``
    in its place.
    ``silence_s``: how long nothing may be heard, be it a part of a frame, before a connection counts as dead; by
    default, two and a half heartbeats of the server.
    ``give_up_s``: how long to try in vain, by default for ever.
    ``connect_options``: for ``websockets``, such as ``ssl`` or ``proxy``.
    ``filter_``: members of the filter, each a list, as in ``docs/stream.md``.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        token_provider: TokenProvider | None = None,
        after: str | None = None,
        start: Start = "now",
        durable: str | None = None,
        reset: bool = False,
        window: int | None = None,
        auto_ack: bool = True,
        on_erased: OnErased | None = None,
        silence_s: float | None = None,
        give_up_s: float | None = None,
        connect_options: Mapping[str, Any] | None = None,
        **filter_: Unpack[Filter],
    ) -> None:
        if (token is None) == (token_provider is None):
            raise TypeError("give one of token and token_provider")
        self._asking = Asking(url, filter_, after=after, start=start, durable=durable, reset=reset, window=window)
        self._auto_ack = auto_ack
        self._on_erased = on_erased
        self._token = token
        self._token_provider = token_provider
        self._connect_options = dict(connect_options or {})
        self._follower = Follower(
            self._asking,
            backoff=Backoff(random.random),
            monotonic_s=time.monotonic,
            renewable=token_provider is not None,
            silence_s=silence_s,
            give_up_s=give_up_s,
            auto_ack=auto_ack,
        )
        self._run = self._follower.run()
        self._step: Command | Batch | None = None
        self._failure: StreamError | None = None
        # Statements of the last batch that the program has not asked for yet.
        self._left: deque[Statement] = deque()
        # When anything was heard last, be it a part of a frame, by the monotonic clock.
        self._heard_s = 0.0
        # Held by who asks the follower, where others than the reader may acknowledge.
        self._turn: AbstractContextManager[Any] = nullcontext()
        self._prepare()

    def _prepare(self) -> None:
        """Make what belongs to one form only."""
        raise NotImplementedError

    @property
    def cursor(self) -> str | None:
        """That of the last batch which the program has finished, by asking for what comes after it or with ``ack``.

        Before the first it is where the subscription began; None until that is known.
        """
        return self._follower.cursor

    def _resume(self) -> Command | Batch:
        """What was not done yet; or, when the last step was a batch, which is finished by now, what comes next."""
        if self._failure is not None:
            raise self._failure
        if self._left:
            raise RuntimeError("some statements of the last batch were not asked for; go on with them first")
        if self._step is None or isinstance(self._step, Batch):
            return self._done(None)
        return self._step

    def _require_auto_ack(self) -> None:
        if not self._auto_ack:
            raise TypeError("with auto_ack=False read batches(), since it is batches that are acknowledged")

    def _take_up(self, batch: Batch) -> None:
        """A loop over statements goes on with those of ``batch``."""
        if isinstance(batch, Erased) and self._on_erased is not None:
            self._on_erased(batch.ids)
        self._left = deque(batch)

    def _finish(self, through: Batch | str) -> str | None:
        with self._turn:
            return self._follower.finish(through.cursor if isinstance(through, Batch) else through)

    def _patience_s(self, wanted: Receive) -> float:
        """How much longer to wait for a frame; 0 or less when it was long enough."""
        return max(wanted.until_s, self._heard_s + wanted.patience_s) - time.monotonic()

    def _done(self, result: Any) -> Command | Batch:
        return self._advance(lambda: self._run.send(result))

    def _undone(self, why: StreamError) -> Command | Batch:
        return self._advance(lambda: self._run.throw(why))

    def _advance(self, advance: Callable[[], Command | Batch]) -> Command | Batch:
        try:
            with self._turn:
                self._step = advance()
        except StreamError as failure:
            self._failure = failure
            raise
        if isinstance(self._step, Pause):
            wait_s = max(0.0, self._step.until_s - time.monotonic())
            logger.warning("%s; coming again in %.1f s", self._step.why.message, wait_s)
        return self._step

    def _options(self, token: str, connection: Callable[..., Any]) -> dict[str, Any]:
        """Arguments of ``connect``, which makes a ``connection``.

        The server's heartbeats tell that it is there, so nobody need ping it.
        """
        options = {
            "create_connection": connection,
            "compression": None,
            "max_size": FRAME_BYTES_MAX,
            "max_queue": FRAMES_AHEAD_MAX,
            "open_timeout": OPENING_S,
            "close_timeout": CLOSE_S,
            "ping_interval": None,
            **self._connect_options,
        }
        options["create_connection"] = self._hearing(options["create_connection"])
        headers = {"Authorization": f"Bearer {token}", **options.pop("additional_headers", {})}
        return {**options, "additional_headers": headers, "subprotocols": [PROTOCOL]}

    def _hearing(self, connection: Callable[..., Any]) -> Callable[..., Any]:
        """Makes the same connections, and notes when anything comes on them.

        A large frame on a slow link takes longer than silence may last, and no ping can overtake it.
        """

        def make(*arguments: Any, **options: Any) -> Any:
            # The last one is the protocol without sockets, which is shown all bytes as they come.
            protocol = arguments[-1]
            receive_data = protocol.receive_data

            def note(data: bytes) -> None:
                self._heard_s = time.monotonic()
                receive_data(data)

            protocol.receive_data = note
            return connection(*arguments, **options)

        return make

    def _not_connected(self, error: Exception) -> StreamError:
        """For an exception of ``connect``, one of ``CONNECT_ERRORS``."""
        renewable = self._token_provider is not None
        if isinstance(error, InvalidStatus):
            answer = error.response
            return endings.not_let_in(
                answer.status_code, answer.headers, bytes(answer.body or b""), renewable=renewable
            )
        if isinstance(error, ssl.SSLCertVerificationError):
            return Refused("certificate", error.verify_message)
        if isinstance(error, SecurityError):
            return Refused("security", str(error))
        return Interrupted(f"no connection: {error or type(error).__name__}")

    def _closed(self, end: ConnectionClosed) -> StreamError:
        """For the end of a connection, which this side brings about when a frame is too large."""
        frame = end.rcvd or (end.sent if end.sent is not None and end.sent.code == 1009 else None)
        renewable = self._token_provider is not None
        if frame is None:
            return endings.closed(None, "", renewable=renewable)
        return endings.closed(frame.code, frame.reason, renewable=renewable)


CONNECT_ERRORS = (OSError, EOFError, InvalidHandshake)


def no_token(error: OSError) -> Interrupted:
    """For an exception of a token provider."""
    return Interrupted(f"no token could be had: {error}")
