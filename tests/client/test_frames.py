"""Frames of the server are read, in the form in which it writes them and in any other."""

from __future__ import annotations

import json

import pytest

from lrs.client.batches import Batch
from lrs.client.errors import Interrupted
from lrs.client.frames import Statements, read_frame
from lrs.subscriptions import frames

WRITTEN = frames.statements("main", prev="p", cursor="c", payloads=[b'{"id":"1"}', b'{"id":"2"}']).data


def test_statements_as_the_server_writes_them() -> None:
    assert read_frame(WRITTEN) == Statements("main", "p", "c")
    assert Batch("p", "c", raw=WRITTEN).statements == [{"id": "1"}, {"id": "2"}]


def test_statements_are_not_decoded_to_be_passed_on() -> None:
    """A program may leave that to another."""
    assert read_frame(WRITTEN[:-20]) == Statements("main", "p", "c")


@pytest.mark.parametrize(
    "text",
    [
        '{ "type": "statements", "sub": "main", "prev": "p", "cursor": "c", "statements": [{"id": "1"}] }',
        '{"new":[],"statements":[{"id":"1"}],"cursor":"c","prev":"p","sub":"main","type":"statements"}',
        '{"type":"statements","sub":"main","prev":"\\u0070","cursor":"c","statements":[{"id":"1"}]}',
        '{"type":"statements","sub":"main","prev":"p","cursor":"c","statements":[{"id":"1"}],"new":[{}]}',
    ],
    ids=["blanks", "another order", "escapes", "a new member"],
)
def test_statements_in_any_form_of_json(text: str) -> None:
    raw = text.encode()
    assert read_frame(raw) == Statements("main", "p", "c")
    assert Batch("p", "c", raw=raw).statements == [{"id": "1"}]


def test_other_frames_come_as_they_are() -> None:
    assert read_frame(b'{"type":"new","x":1}') == {"type": "new", "x": 1}


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"1", b"null", b'{"type":"statements"}', b"{}", b"\xff"])
def test_what_is_no_frame_is_a_trouble_of_the_connection(raw: bytes) -> None:
    with pytest.raises(Interrupted):
        read_frame(raw)


def test_a_batch_without_statements_is_empty() -> None:
    batch = Batch("p", "c", live=True)
    assert list(batch) == []


def test_a_batch_decodes_once() -> None:
    batch = Batch("p", "c", raw=json.dumps({"statements": [{"id": "1"}]}).encode())
    assert batch.statements is batch.statements
