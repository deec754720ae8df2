"""Statements with attachments, and the bodies in which both travel; answers are read by the email package."""

from __future__ import annotations

import hashlib
import json
from email import message_from_bytes
from email.message import Message
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from tests.door.client import Client
from tests.samples import statement

BOUNDARY = "-------314159265358979323846"
MIXED = f"multipart/mixed; boundary={BOUNDARY}"
FILE_URL = "http://example.com/file.txt"


def sha2(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


def attachment(data: bytes, **members: Any) -> dict[str, Any]:
    """An Attachment object for ``data``; a member that is None is left out."""
    made = {
        "usageType": "http://example.com/attachment-usage/test",
        "display": {"en-US": "A test attachment"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2(data),
    } | members
    return {name: value for name, value in made.items() if value is not None}


def carrying(*entries: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A statement with these attachments."""
    return statement(attachments=list(entries), **members)


def part(data: bytes, **headers: str | None) -> bytes:
    """A part with ``data``; headers are given as ``X_Experience_API_Hash`` and so on, None leaves one out."""
    made = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha2(data),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in made.items() if value is not None]
    return "".join(lines).encode() + b"\r\n" + data


def statements_part(made: Any, content_type: str | None = "application/json") -> bytes:
    head = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"{head}\r\n".encode() + json.dumps(made).encode()


def body_of(*parts: bytes) -> bytes:
    return b"".join(f"--{BOUNDARY}\r\n".encode() + one + b"\r\n" for one in parts) + f"--{BOUNDARY}--\r\n".encode()


def body(made: Any, *data: bytes) -> bytes:
    """A body with the statements ``made`` and a part for each piece of ``data``."""
    return body_of(statements_part(made), *map(part, data))


def send(client: Client, content: Any, *, content_type: str = MIXED) -> httpx.Response:
    return client.post("statements", content=content, headers={"Content-Type": content_type})


def stored(client: Client, made: Any, *data: bytes) -> None:
    answer = send(client, body(made, *data))
    assert answer.status_code == 200, answer.text


class Answer(NamedTuple):
    """What a multipart answer holds: the JSON, and (content type, data) by hash."""

    value: Any
    data: dict[str, tuple[str, bytes]]


def read(answer: httpx.Response) -> Answer:
    assert answer.status_code == 200, answer.text
    content_type = answer.headers["content-type"]
    assert content_type.startswith("multipart/mixed; boundary=")
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + answer.content)
    first, *others = [one for one in whole.get_payload() if isinstance(one, Message)]
    assert first.get_content_type() == "application/json"
    found = {}
    for one in others:
        assert one["Content-Transfer-Encoding"] == "binary"
        assert one["X-Experience-API-Hash"] not in found
        payload = one.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found[one["X-Experience-API-Hash"]] = (one["Content-Type"], payload)
    text = first.get_payload(decode=True)
    assert isinstance(text, bytes)
    return Answer(json.loads(text), found)


def get(client: Client, query: str) -> Answer:
    return read(client.get(f"statements?{query}"))


def fresh(text: str = "here is a simple attachment") -> bytes:
    """Data that no other test has stored."""
    return f"{text} {uuid4()}".encode()
