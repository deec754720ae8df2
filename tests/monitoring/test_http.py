"""Health, metrics and request ids over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from lrs import telemetry
from lrs.limits import Limits
from lrs.monitoring import service
from lrs.monitoring.catalogue import METRICS
from tests.door.client import Server, serving
from tests.samples import statement

MOST_BYTES = 1024 * 1024 * 1024 * 1024


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(service, "SCRAPE_S", 0.0)
    with serving(tmp_path / "data") as made:
        yield made


def values(server: Server, name: str, **labels: str) -> list[float]:
    """The values of a series with these labels."""
    text = server.request("GET", "/metrics").text
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def test_a_server_that_works_is_live_and_ready(server: Server) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = server.request("GET", path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_it_is_not_ready_when_the_disk_is_full(tmp_path: Path) -> None:
    with serving(tmp_path, limits=Limits(disk_free_bytes_min=MOST_BYTES)) as full:
        answer = full.request("GET", "/health/ready")
        assert answer.status_code == 503
        assert answer.json()["reason"].startswith("the disk is full: ")
        assert "Retry-After" in answer.headers
        assert full.request("GET", "/health/live").status_code == 200


def test_it_is_not_ready_when_the_writer_has_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.engine.log._writer, "_closed", True)
    answer = server.request("GET", "/health/ready")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the writer has ended")


def test_it_is_not_ready_when_the_store_cannot_be_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def head() -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(server.engine.log, "head", head)
    answer = server.request("GET", "/health/ready")
    assert answer.status_code == 503
    assert "Input/output error" in answer.json()["reason"]


def test_metrics_tell_what_happened(server: Server) -> None:
    lms = server.client("lms", "all")
    made = [statement() for _ in range(3)]
    lms.post("statements", json=made)
    lms.post("statements", json=made[0])
    lms.post("statements", json=[{}, {}])
    server.stranger().get("statements")
    assert values(server, "lrs_statements_stored_total") == [3]
    assert values(server, "lrs_statements_repeated_total") == [1]
    assert values(server, "lrs_statements_refused_total", code="invalid_statement") == [2]
    assert values(server, "lrs_commit_seconds_count") == [2]
    assert values(server, "lrs_head_position") == [3]
    route = {"route": "/xapi/statements", "method": "POST"}
    assert values(server, "lrs_request_seconds_count", **route, status="2xx") == [2]
    assert values(server, "lrs_request_seconds_count", **route, status="4xx") == [1]
    assert values(server, "lrs_authentication_failures_total", reason="missing")[0] >= 1
    assert values(server, "lrs_store_bytes")[0] > 0


def test_all_that_is_in_the_catalogue_is_named(server: Server) -> None:
    text = server.request("GET", "/metrics").text
    for name in METRICS:
        assert f"# HELP {name} " in text


def test_paths_of_strangers_are_not_in_the_metrics(server: Server) -> None:
    """However many of them there are."""
    for number in range(20):
        server.request("GET", f"/scan-{number}")
    text = server.request("GET", "/metrics").text
    assert "scan" not in text
    assert values(server, "lrs_request_seconds_count", route="other") == [20]


def test_no_learner_is_in_the_metrics(server: Server) -> None:
    lms = server.client("lms", "all")
    lms.post("statements", json=statement(learner="secret-learner"))
    lms.get("statements", params={"agent": '{"mbox":"mailto:secret-learner@example.com"}'})
    text = server.request("GET", "/metrics").text
    for secret in ("secret-learner", "Org", "lms", "engine"):
        assert secret not in text


def test_metrics_may_be_for_administrators_only(tmp_path: Path) -> None:
    with serving(tmp_path, metrics="admin") as closed:
        assert closed.request("GET", "/metrics").status_code == 401
        reader, admin = closed.client("reader", "all"), closed.client("boss", "admin")
        for client, status in (reader, 403), (admin, 200):
            assert client.authorization is not None
            answer = closed.request("GET", "/metrics", headers={"Authorization": client.authorization})
            assert answer.status_code == status


def test_metrics_may_be_off(tmp_path: Path) -> None:
    with serving(tmp_path, metrics="off") as closed:
        assert closed.request("GET", "/metrics").status_code == 404
        assert closed.request("GET", "/health/ready").status_code == 200


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "0af7651916cd43dd8448eb211c80319c", "web/1.2:3=4"])
def test_a_request_id_that_is_well_formed_comes_back(server: Server, given: str) -> None:
    assert server.request("GET", "/xapi/about", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", 'x"y', "a" * 129, "é", "<script>"])
def test_any_other_is_replaced(server: Server, given: str) -> None:
    answer = server.request("GET", "/xapi/about", headers={"X-Request-ID": given.encode()})
    assert answer.headers["X-Request-ID"] not in ("", given)


def test_each_answer_has_another_id_errors_too(server: Server) -> None:
    answers = [server.request("GET", path) for path in ("/xapi/about", "/xapi/statements", "/nothing", "/metrics")]
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 4


def test_with_an_access_log_each_request_is_a_line_without_its_query(tmp_path: Path) -> None:
    with serving(tmp_path, access_log="on") as logging, capture_logs() as lines:
        logging.client("lms", "all").get("statements", params={"registration": "secret"})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["route"] == "/xapi/statements"
    assert (line["method"], line["status"]) == ("GET", 400)
    assert line["seconds"] >= 0
    assert "secret" not in json.dumps(lines)


def test_without_one_there_is_none(server: Server) -> None:
    with capture_logs() as lines:
        server.client("lms", "all").get("statements")
    assert lines == []


def test_the_id_of_the_request_is_known_where_it_is_served(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the threads that work for it."""
    seen: list[str] = []
    real = server.engine.log.read

    def read(*arguments: Any) -> Any:
        seen.append(telemetry.REQUEST_ID.get())
        return real(*arguments)

    monkeypatch.setattr(server.engine.log, "read", read)
    server.client("lms", "all").get("statements", headers={"X-Request-ID": "here"})
    assert seen == ["here"]
