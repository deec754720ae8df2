"""Payloads are packed in rows, and come back byte for byte."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import StoreCorrupt
from lrs.statements.sqlite import SqliteStatementLog
from lrs.statements.sqlite.packing import SHIPPED, Packer, Unpacker
from lrs.storage.sqlite import open_store
from scripts.train_dictionary import Samples
from tests.contracts.statement_log import put
from tests.samples import EVERYONE, draft, statement

STATEMENT = draft(statement()).body + b',"stored":"2026-11-22T10:00:00.123456Z"}'


def _connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.execute("CREATE TABLE payload_dictionary (number INTEGER PRIMARY KEY, content BLOB NOT NULL)")
    made.execute("INSERT INTO payload_dictionary VALUES (1, ?)", (SHIPPED.read_bytes(),))
    return made


CONNECTION = _connection()


@given(st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**63 - 1) | st.lists(st.text())))
def test_the_exact_bytes_come_back(value: dict[str, object]) -> None:
    payload = orjson.dumps(value)
    assert Unpacker().unpack(CONNECTION, Packer(CONNECTION).pack(payload)) == payload


def test_of_a_statement_of_open_edx_a_third_is_left_at_most() -> None:
    samples = Samples(2)
    made = [samples.payload() for _ in range(100)]
    packer = Packer(CONNECTION)
    assert sum(len(packer.pack(one)) for one in made) < sum(map(len, made)) / 3


def test_what_packing_would_make_longer_stays_as_it_is() -> None:
    assert Packer(CONNECTION).pack(b"{}") == b"{}"


def test_threads_unpack_at_once() -> None:
    packed, unpacker = Packer(CONNECTION).pack(STATEMENT), Unpacker()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: unpacker.unpack(CONNECTION, packed), range(2_000)))
    assert set(found) == {STATEMENT}


def test_a_later_dictionary_is_found_when_it_is_needed() -> None:
    connection, unpacker = _connection(), Unpacker()
    old = Packer(connection).pack(STATEMENT)
    assert unpacker.unpack(connection, old) == STATEMENT
    samples: list[bytes | bytearray | memoryview] = [b"%d" % n + STATEMENT for n in range(500)]
    later = zstandard.train_dictionary(2048, samples).as_bytes()
    connection.execute("INSERT INTO payload_dictionary VALUES (2, ?)", (later,))
    new = Packer(connection).pack(STATEMENT)
    assert (old[0], new[0]) == (1, 2)
    assert unpacker.unpack(connection, new) == unpacker.unpack(connection, old) == STATEMENT


@pytest.mark.parametrize("packed", [b"", b"\x01", b"\x01nonsense", b"\x09" + STATEMENT])
def test_what_is_no_payload_is_corrupt(packed: bytes) -> None:
    with pytest.raises(StoreCorrupt):
        Unpacker().unpack(CONNECTION, packed)


def test_payloads_from_before_there_was_packing_are_read_as_they_are(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    log = SqliteStatementLog(store)
    made = statement()
    put(log, made)
    record = log.find(draft(made).id, EVERYONE)
    assert record is not None
    with store.writing() as connection:
        connection.execute("DROP TRIGGER record_refuses_update")
        (packed,) = connection.execute("SELECT payload FROM record").fetchone()
        assert packed != record.payload
        connection.execute("UPDATE record SET payload = ?", (record.payload,))
    assert log.find(draft(made).id, EVERYONE) == record
    assert put(log, made) == [1]
    log.close()
    store.close()


def test_a_dictionary_that_payloads_are_packed_with_stays(tmp_path: Path) -> None:
    store = open_store(tmp_path / "lrs.sqlite3")
    SqliteStatementLog(store).close()
    for change in ("DELETE FROM payload_dictionary", "UPDATE payload_dictionary SET content = x'00'"):
        with pytest.raises(sqlite3.IntegrityError), store.writing() as connection:
            connection.execute(change)
    store.close()


@pytest.mark.parametrize("count", [0, 1, 31, 32, 100])
def test_many_are_packed_as_each_alone(count: int) -> None:
    samples, packer = Samples(4), Packer(CONNECTION)
    made = [samples.payload() for _ in range(count)]
    # One that stays as it is, among others.
    made[count // 2 : count // 2] = [b"{}"]
    assert packer.pack_all(made) == [packer.pack(one) for one in made]
