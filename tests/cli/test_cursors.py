"""``lrs cursor``."""

from __future__ import annotations

import asyncio

from lrs.config import Settings
from lrs.engine import Engine
from lrs.statements.cursor import EPOCH_BYTES
from lrs.storage.sqlite import open_store
from tests.cli.invoke import Shell
from tests.samples import principal, statement


def keep(lrs: Shell, *names: str, number: int = 1, acknowledge: bool = False, write: int = 0) -> None:
    """Have a consumer of this number use durable cursors: each acknowledges what is written, or not."""

    async def run() -> None:
        async with Engine(Settings(data=lrs.data)) as engine:
            reader = principal("engine", number=number, scopes=("stream",))
            for name in names:
                async with engine.subscribe(principal=reader, durable=name) as subscription:
                    await engine.append([statement() for _ in range(write)])
                    if acknowledge:
                        async for batch in subscription:
                            if batch.payloads:
                                subscription.acknowledge(batch.cursor)
                                break

    asyncio.run(run())


def test_the_list_tells_how_far_each_subscriber_is_behind(lrs: Shell) -> None:
    lrs("consumer", "add", "engine", "--scope", "stream")
    lrs("consumer", "add", "other", "--scope", "stream")
    keep(lrs, "knowledge", write=3, acknowledge=True)
    keep(lrs, "grades", write=2)
    keep(lrs, "grades", number=2)
    assert [(one["consumer"], one["name"], one["behind"]) for one in lrs.json("cursor", "list")] == [
        ("engine", "grades", 2),
        ("engine", "knowledge", 2),
        ("other", "grades", 0),
    ]
    assert [one["name"] for one in lrs.json("cursor", "list", "other")] == ["grades"]
    heading, *rows = lrs("cursor", "list").stdout.splitlines()
    assert heading.split() == ["CONSUMER", "NAME", "BEHIND", "ACKNOWLEDGED"]
    assert len(rows) == 3


def test_the_process_itself_keeps_its_own_as_owner(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    keep(lrs, "mine", number=0)
    assert [one["consumer"] for one in lrs.json("cursor", "list")] == ["owner"]


def test_a_dropped_cursor_is_gone(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    keep(lrs, "knowledge")
    assert "dropped" in lrs("cursor", "drop", "engine", "knowledge").stdout
    assert "no durable cursor" in lrs.refused("cursor", "drop", "engine", "knowledge")
    assert "no consumer" in lrs.refused("cursor", "drop", "nobody", "knowledge")
    assert "no durable cursors" in lrs("cursor", "list").stderr


def test_a_cursor_of_a_replaced_history_is_told(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    keep(lrs, "knowledge")
    store = open_store(Settings(data=lrs.data).database)
    with store.writing() as connection:
        connection.execute("UPDATE log_identity SET epoch = ?", (b"x" * EPOCH_BYTES,))
    store.close()
    assert lrs.json("cursor", "list")[0]["behind"] is None
    assert "history replaced" in lrs("cursor", "list").stdout


def test_without_a_store_there_is_nothing_to_list(lrs: Shell) -> None:
    assert "no store" in lrs.refused("cursor", "list")
