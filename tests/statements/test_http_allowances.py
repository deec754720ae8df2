"""A consumer that asks for too much is told so, and when to come again; a trusted writer is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.auth.allowances import Allowance
from lrs.auth.sqlite.allowances import AllowanceRows
from lrs.limits import Limits
from tests.door.client import Server, serving
from tests.samples import statement


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    limits = Limits(consumer_requests_per_s=0.01, consumer_requests_burst=5, consumer_statements_per_day=4)
    with serving(tmp_path / "data", limits=limits) as made:
        yield made


def test_too_many_requests_are_refused_until_later(server: Server) -> None:
    reader, other = server.client("reader", "statements/read"), server.client("other", "statements/read")
    assert [reader.get("statements").status_code for _ in range(6)] == [200] * 5 + [429]
    refused = reader.get("statements")
    assert refused.json()["code"] == "rate_limited"
    assert "reader" in refused.json()["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 100
    assert other.get("statements").status_code == 200


def test_too_many_statements_of_a_day_are_refused_whole(server: Server) -> None:
    writer = server.client("writer", "statements/write", "statements/read/mine")
    assert writer.post("statements", json=[statement() for _ in range(3)]).status_code == 200
    refused = writer.post("statements", json=[statement(), statement()])
    assert refused.status_code == 429
    assert 21_500 < int(refused.headers["Retry-After"]) <= 21_600
    assert writer.post("statements", json=statement()).status_code == 200
    assert len(writer.get("statements").json()["statements"]) == 4
    assert server.engine.statements.refused == {"rate_limited": 2}


def test_a_trusted_writer_is_not_refused(server: Server) -> None:
    """Open edX drops what was refused a few times."""
    lms = server.client("open-edx", "statements/write", trusted=True)
    answers = [lms.post("statements", json=[statement() for _ in range(5)]) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}


def test_what_was_set_for_one_counts_for_that_one_only(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        one, other = server.client("one", "statements/read"), server.client("other", "statements/read")
        rows = AllowanceRows(server.engine._store)
        rows.set(server.engine.consumers.consumer("one").id, Allowance(requests_per_s=0.01, requests_burst=2))
        assert [one.get("statements").status_code for _ in range(3)] == [200, 200, 429]
        assert [other.get("statements").status_code for _ in range(3)] == [200, 200, 200]
