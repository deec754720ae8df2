"""Log lines: one event a line on standard error, in the form and from the severity that the settings ask for."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from lrs.cli.logs import configure_logs
from lrs.config import Settings
from lrs.telemetry import REQUEST_ID
from tests.subscriptions.served import Served, hear


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_hold_the_event_its_time_and_its_fields(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    structlog.get_logger("lrs").info("commit", statements=3)
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["level"], line["statements"]) == ("commit", "info", 3)
    assert line["timestamp"].endswith("Z")


def test_lines_of_other_libraries_have_the_same_form(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    logging.getLogger("asyncio").error("slow")
    assert json.loads(capfd.readouterr().err)["event"] == "slow"


def test_an_exception_is_one_line_of_json(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    try:
        int("why")
    except ValueError:
        logging.getLogger("lrs").exception("failed")
    (line,) = capfd.readouterr().err.splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def test_what_is_less_severe_than_asked_for_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="error"))
    structlog.get_logger("lrs").warning("quiet")
    assert capfd.readouterr().err == ""


def test_each_line_has_the_id_of_the_request_that_it_belongs_to(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    token = REQUEST_ID.set("abc-1")
    try:
        structlog.get_logger("lrs").info("inside")
        logging.getLogger("asyncio").error("also inside")
    finally:
        REQUEST_ID.reset(token)
    structlog.get_logger("lrs").info("outside")
    ids = [json.loads(line).get("request_id") for line in capfd.readouterr().err.splitlines()]
    assert ids == ["abc-1", "abc-1", None]


@pytest.mark.parametrize("log_level", ["debug", "info"])
def test_no_token_reaches_the_log_at_any_level(log_level: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither of a header, nor one that a client wrongly puts into the URL."""
    configure_logs(Settings(log_level=log_level))
    with Served() as served:
        # The client is in this process too, and tells of itself.
        logging.getLogger("websockets.client").setLevel("ERROR")
        with served.connect("?access_token=in-the-url", headers={"Cookie": "in-a-cookie"}) as client:
            assert hear(client)["type"] == "hello"
    logged = capfd.readouterr().err
    for secret in ("engine", "in-the-url", "in-a-cookie"):
        assert secret not in logged


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_exception_shows_no_values(log_format: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A token may be among them."""
    configure_logs(Settings(log_format=log_format))
    token = "very" + "-secret"
    try:
        int(token[:0])
    except ValueError:
        structlog.get_logger("lrs").exception("failed")
    logged = capfd.readouterr().err
    assert "ValueError" in logged
    assert token not in logged
