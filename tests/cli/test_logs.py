"""Log lines: one event a line on standard error, in the form and from the severity that the settings ask for."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import structlog

from lrs.cli.logs import configure_logs
from lrs.config import Settings
from lrs.telemetry import REQUEST_ID
from tests.subscriptions.served import PATIENCE_S, Served, hear


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


UPGRADE = b"GET /xapi/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
STRANGERS = {
    "nothing": b"",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "TLS of long ago": b"\x80\x2e\x01\x03\x01",
    "noise": bytes(range(256)) * 40,
    "a blank line": b"\r\n\r\n",
    "half a request": b"GET / HTT",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "a proxy": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "a bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "another upgrade": UPGRADE + b"h2c\r\n\r\n",
    "a websocket without a key": UPGRADE + b"websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "a websocket of long ago": UPGRADE + b"websocket\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: x\r\n\r\n",
}


@pytest.mark.parametrize("log_level", ["debug", "info"])
def test_strangers_fill_no_log(log_level: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Port scanners, and clients that speak TLS where there is none: a short line at most, and none as a rule."""
    with Served(access_log=False) as served:
        configure_logs(Settings(log_level=log_level))
        for sent in STRANGERS.values():
            capfd.readouterr()
            with socket.create_connection((served.address.split(":")[0], int(served.address.split(":")[1]))) as made:
                made.settimeout(PATIENCE_S)
                made.sendall(sent)
                made.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    while made.recv(4096):
                        pass
            lines = capfd.readouterr().err.splitlines()
            assert sum(map(len, lines)) <= (200 if log_level == "debug" else 0), lines
            assert len(lines) <= 1


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
