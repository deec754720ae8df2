"""The stream on blocking sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lrs.client.batches import Batch, Statement
from lrs.client.errors import Interrupted, StreamError
from lrs.client.follower import AskToken, Command, Connect, Pause, Receive, Say
from lrs.client.wire import CONNECT_ERRORS, Reader, no_token


class SyncStream(Reader):
    """As ``Stream``, for ``with`` and ``for``, and for programs without an event loop.

    One thread at a time reads; any may ``ack`` and ``close``.
    """

    def _prepare(self) -> None:
        self._socket: ClientConnection | None = None
        self._ending = threading.Event()
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave; a loop over this stream ends, also one of another thread."""
        self._ending.set()
        self._leave()

    def ack(self, through: Batch | str) -> bool:
        """All up to ``through``, a batch or its cursor, is finished. Other threads than the reading one may say so too.

        False when that was known already, or when the connection on which it came is gone: then it comes again.
        """
        frame = self._finish(through)
        if frame:
            # Whoever reads learns what became of the connection, and the next one begins after what is finished.
            with suppress(StreamError):
                self._say(frame)
        return frame is not None

    def batches(self) -> Iterator[Batch]:
        """The same in batches as they come. One without statements says that only the cursor has moved on."""
        return _Batches(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Statement:
        self._require_auto_ack()
        while not self._left:
            self._take_up(self._next())
        return self._left.popleft()

    def _next(self) -> Batch:
        """The next batch; the one before it is finished."""
        try:
            step = self._resume()
            while not isinstance(step, Batch):
                step = self._take(step)
        except (StreamError, StopIteration):
            self._leave()
            raise
        return step

    def _take(self, step: Command) -> Command | Batch:
        """Do it, and find out what comes next. While the stream is being closed, nothing is a trouble any more."""
        result, trouble = None, None
        if not self._ending.is_set():
            try:
                result = self._do(step)
            except StreamError as why:
                trouble = why
        if self._ending.is_set():
            raise StopIteration
        return self._done(result) if trouble is None else self._undone(trouble)

    def _do(self, command: Command) -> Any:
        """Do it. When that is interrupted, as by Ctrl-C, it is done again the next time."""
        match command:
            case Receive():
                return self._receive(command)
            case AskToken():
                return self._ask_token()
            case Connect(token):
                try:
                    self._socket = connect(self._asking.url, **self._options(token, ClientConnection)).__enter__()
                except CONNECT_ERRORS as error:
                    raise self._not_connected(error) from error
            case Say(text):
                self._say(text)
            case Pause(until_s):
                self._leave()
                self._ending.wait(max(0.0, until_s - time.monotonic()))
        return None

    def _receive(self, wanted: Receive) -> bytes:
        socket = self._socket
        if socket is None:
            raise Interrupted("the connection was left")
        while True:
            try:
                # A frame that has come already is taken in any case.
                return socket.recv(max(0.0, self._patience_s(wanted)), decode=False)
            except TimeoutError:
                if self._patience_s(wanted) <= 0:
                    raise Interrupted("nothing was heard for too long") from None
            except ConnectionClosed as end:
                raise self._closed(end) from end

    def _say(self, text: str) -> None:
        socket = self._socket
        if socket is None:
            raise Interrupted("the connection was left")
        try:
            socket.send(text)
        except ConnectionClosed as end:
            raise self._closed(end) from end

    def _ask_token(self) -> str:
        provider = self._token_provider
        if provider is None:
            assert self._token is not None
            return self._token
        try:
            given = provider()
        except OSError as error:
            raise no_token(error) from error
        if not isinstance(given, str):
            raise TypeError("the token provider of a SyncStream must return the token itself")
        return given

    def _leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()


class _Batches:
    """An iterator over a stream, which may be dropped and made again."""

    def __init__(self, stream: SyncStream) -> None:
        self._stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch:
        return self._stream._next()  # noqa: SLF001 - it is a part of the stream.
