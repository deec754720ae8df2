"""The answer to a query: a StatementResult made by joining stored bytes (Data 2.5)."""

from __future__ import annotations

from collections.abc import Iterable

import orjson


def statement_result(payloads: Iterable[bytes], more: str) -> bytes:
    """A StatementResult; ``more`` is the relative IRL of the next page, empty after the last."""
    return b'{"statements":[%b],"more":%b}' % (b",".join(payloads), orjson.dumps(more))
