"""The numbers of the real server, read as Prometheus reads them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.samples import statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, authorization, blocking_client, key_of, token_of
from tests.system.listener import listening
from tests.system.numbers import total, until
from tests.system.server import Server, running
from tests.system.workers import clients_of_both

WRITES = 40


@pytest.fixture(scope="module")
def lrs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("metrics") / "data"
    with running(folder, "--workers", "2", LRS_TAIL_POLL_S="0.002") as server:
        add_consumer(server, "lms", "statements/write", "statements/read")
        add_consumer(server, "engine", "stream")
        yield server


async def test_whichever_worker_is_scraped_tells_of_all(lrs: Server) -> None:
    async with clients_of_both(lrs, key_of(lrs, "lms")) as both:
        for lms in [*both] * (WRITES // 2):
            assert (await lms.post(STATEMENTS, json=statement())).status_code == 200
    found = until(lrs, "lrs_statements_stored_total", WRITES)
    assert total(found, "lrs_statements_stored_total") == WRITES
    stored = {one.labels["worker"]: one.value for one in found if one.name == "lrs_statements_stored_total"}
    assert stored == {"0": WRITES // 2, "1": WRITES // 2}
    assert total(found, "lrs_head_position") == WRITES
    route = {"route": "/xapi/statements", "method": "POST", "status": "2xx"}
    assert (
        total(until(lrs, "lrs_request_seconds_count", WRITES, **route), "lrs_request_seconds_count", **route) == WRITES
    )


async def test_what_is_streamed_is_counted_with_its_delay(lrs: Server) -> None:
    headers = authorization(token_of(lrs, "engine"))
    async with listening(f"{lrs.stream_url}?from=now", headers) as listener:
        await listener.until("live")
        with blocking_client(lrs, key_of(lrs, "lms")) as lms:
            assert lms.post(STATEMENTS, json=statement()).status_code == 200
        await listener.ids(1)
        found = until(lrs, "lrs_stream_delay_seconds_count", 1, door="websocket")
        assert total(found, "lrs_stream_statements_sent_total", door="websocket") == 1
        assert total(found, "lrs_stream_connections", door="websocket") == 1
        assert total(found, "lrs_stream_subscriptions", door="websocket") == 1
        assert total(found, "lrs_stream_lag_seconds_gcount") == 1
        assert 0 < total(found, "lrs_stream_delay_seconds_sum", door="websocket") < WAIT_S
    until(lrs, "lrs_stream_closes_total", 1, code="left")


def test_a_server_that_runs_is_ready(lrs: Server) -> None:
    with urllib.request.urlopen(f"{lrs.url}/health/ready", timeout=WAIT_S) as answer:
        assert answer.status == 200


def test_numbers_are_left_where_only_the_owner_reads_them(lrs: Server) -> None:
    folder = Path(lrs.data) / "workers"
    assert folder.stat().st_mode & 0o077 == 0


def test_each_request_is_a_line_of_json_with_its_id_and_no_secret(tmp_path: Path) -> None:
    with running(tmp_path / "data", LRS_ACCESS_LOG="on", LRS_LOG_FORMAT="json") as server:
        add_consumer(server, "lms", "statements/write", "statements/read")
        key, secret = key_of(server, "lms")
        made = statement(learner="secret-learner")
        with blocking_client(server, (key, secret)) as lms:
            assert lms.post(STATEMENTS, json=made).headers["X-Request-ID"]
            answer = lms.get(STATEMENTS, params={"statementId": made["id"]}, headers={"X-Request-ID": "abc-1"})
            assert answer.headers["X-Request-ID"] == "abc-1"
        deadline = time.monotonic() + WAIT_S
        while "abc-1" not in server.output:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        lines = [json.loads(line) for line in server.lines if line.startswith("{")]
        told = [(one["method"], one["route"], one["status"]) for one in lines if one["event"] == "request"]
        assert told[-2:] == [("POST", "/xapi/statements", 200), ("GET", "/xapi/statements", 200)]
        assert lines[-1]["request_id"] == "abc-1"
        for hidden in (key, secret, made["id"], "secret-learner"):
            assert hidden not in server.output
