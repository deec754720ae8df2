"""When a statement was stored, read off its bytes: the last member of each payload, always in the same form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BEFORE = b'"stored":"'
_LENGTH = len("2026-11-22T06:02:56.123456Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stored_at(payload: bytes) -> int | None:
    """``stored`` of the statement with these bytes, in microseconds since the epoch; None where it stands elsewhere."""
    begin = len(payload) - _LENGTH - 2
    if payload[begin - len(_BEFORE) : begin] != _BEFORE:
        return None
    try:
        return (datetime.fromisoformat(payload[begin:-2].decode()) - _EPOCH) // _MICROSECOND
    except (ValueError, TypeError):
        return None
