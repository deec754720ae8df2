"""The stream on asyncio."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from lrs.client.batches import Batch, Statement
from lrs.client.errors import Interrupted, StreamError
from lrs.client.follower import AskToken, Command, Connect, Pause, Receive, Say
from lrs.client.wire import CONNECT_ERRORS, Reader, no_token


class Stream(Reader):
    """Statements as they are stored, for ``async for``, through every break of the connection; to be used with
    ``async with``, by one task at a time. See ``Reader`` for the arguments and ``docs/client.md`` for examples.

    A token provider may be asynchronous; a plain function is called in a thread. Waiting for the next statement may be
    cancelled at any time, and nothing is lost. Raises Refused when coming again would be in vain.
    """

    def _prepare(self) -> None:
        self._socket: ClientConnection | None = None
        self._ending = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave; a loop over this stream ends, also one of another task."""
        self._ending.set()
        await self._leave()

    async def ack(self, through: Batch | str) -> bool:
        """All up to ``through``, a batch or its cursor, is finished. Other tasks than the reading one may say so too.

        False when that was known already, or when the connection on which it came is gone: then it comes again.
        """
        frame = self._finish(through)
        if frame:
            # Whoever reads learns what became of the connection, and the next one begins after what is finished.
            with suppress(StreamError):
                await self._say(frame)
        return frame is not None

    def batches(self) -> AsyncIterator[Batch]:
        """The same in batches as they come. One without statements says that only the cursor has moved on."""
        return _Batches(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Statement:
        self._require_auto_ack()
        while not self._left:
            self._take_up(await self._next())
        return self._left.popleft()

    async def _next(self) -> Batch:
        """The next batch; the one before it is finished."""
        try:
            step = self._resume()
            while not isinstance(step, Batch):
                step = await self._take(step)
        except (StreamError, StopAsyncIteration):
            await self._leave()
            raise
        return step

    async def _take(self, step: Command) -> Command | Batch:
        """Do it, and find out what comes next. While the stream is being closed, nothing is a trouble any more."""
        result, trouble = None, None
        if not self._ending.is_set():
            try:
                result = await self._do(step)
            except StreamError as why:
                trouble = why
        if self._ending.is_set():
            raise StopAsyncIteration
        return self._done(result) if trouble is None else self._undone(trouble)

    async def _do(self, command: Command) -> Any:
        """Do it. When that is cancelled, it is done again the next time."""
        match command:
            case Receive():
                return await self._receive(command)
            case AskToken():
                return await self._ask_token()
            case Connect(token):
                try:
                    self._socket = await connect(self._asking.url, **self._options(token, ClientConnection))
                except CONNECT_ERRORS as error:
                    raise self._not_connected(error) from error
            case Say(text):
                await self._say(text)
            case Pause(until_s):
                await self._leave()
                with suppress(TimeoutError):
                    async with asyncio.timeout(until_s - time.monotonic()):
                        await self._ending.wait()
        return None

    async def _receive(self, wanted: Receive) -> bytes:
        if self._socket is None:
            raise Interrupted("the connection was left")
        while True:
            try:
                # A frame that has come already is taken in any case.
                async with asyncio.timeout(self._patience_s(wanted)):
                    return await self._socket.recv(decode=False)
            except TimeoutError:
                if self._patience_s(wanted) <= 0:
                    raise Interrupted("nothing was heard for too long") from None
            except ConnectionClosed as end:
                raise self._closed(end) from end

    async def _say(self, text: str) -> None:
        if self._socket is None:
            raise Interrupted("the connection was left")
        try:
            await self._socket.send(text)
        except ConnectionClosed as end:
            raise self._closed(end) from end
        except asyncio.CancelledError:
            # Nobody knows whether it was sent; a new connection will know.
            self._socket.transport.abort()
            raise

    async def _ask_token(self) -> str:
        provider = self._token_provider
        if provider is None:
            assert self._token is not None
            return self._token
        try:
            asynchronous = inspect.iscoroutinefunction(provider)
            given = provider() if asynchronous else await asyncio.to_thread(provider)
            return given if isinstance(given, str) else await given
        except OSError as error:
            raise no_token(error) from error

    async def _leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            try:
                await socket.close()
            finally:
                socket.transport.abort()


class _Batches:
    """An iterator over a stream, which may be dropped and made again."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        return await self._stream._next()  # noqa: SLF001 - it is a part of the stream.
