"""Both forms of the stream behind one face, so that one suite runs on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from lrs.client import Batch, Stream, SyncStream

PATIENCE_S = 60


class Form(Protocol):
    """A stream of either form. ``None`` stands for its end."""

    @property
    def cursor(self) -> str | None: ...

    async def statement(self) -> dict[str, Any] | None: ...

    async def batch(self) -> Batch | None: ...

    async def ack(self, through: Batch | str) -> bool: ...

    async def close(self) -> None: ...


class Asynchronous:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    @property
    def cursor(self) -> str | None:
        return self.stream.cursor

    async def statement(self) -> dict[str, Any] | None:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(self.stream, None)

    async def batch(self) -> Batch | None:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(self.stream.batches(), None)

    async def ack(self, through: Batch | str) -> bool:
        return await self.stream.ack(through)

    async def close(self) -> None:
        await self.stream.close()


class Synchronous:
    def __init__(self, stream: SyncStream) -> None:
        self.stream = stream

    @property
    def cursor(self) -> str | None:
        return self.stream.cursor

    async def statement(self) -> dict[str, Any] | None:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.to_thread(next, self.stream, None)

    async def batch(self) -> Batch | None:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.to_thread(next, self.stream.batches(), None)

    async def ack(self, through: Batch | str) -> bool:
        return await asyncio.to_thread(self.stream.ack, through)

    async def close(self) -> None:
        await asyncio.to_thread(self.stream.close)


@asynccontextmanager
async def asynchronous(url: str, **options: Any) -> AsyncIterator[Form]:
    async with Stream(url, **{"token": "t", **options}) as stream:
        yield Asynchronous(stream)


@asynccontextmanager
async def synchronous(url: str, **options: Any) -> AsyncIterator[Form]:
    form = Synchronous(SyncStream(url, **{"token": "t", **options}))
    try:
        yield form
    finally:
        await form.close()


class Opening(Protocol):
    """Opens a stream with the token ``t``, unless the options say otherwise."""

    def __call__(self, url: str, **options: Any) -> AbstractAsyncContextManager[Form]: ...


FORMS: list[Opening] = [asynchronous, synchronous]
