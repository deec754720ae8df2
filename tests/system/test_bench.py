"""``lrs bench`` drives a real server, and stops when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from lrs.benchmark.queries import FILTERS, ONE, UNKNOWN
from tests.system.access import add_consumer, key_of
from tests.system.server import clean_environment, running

WAIT_S = 300


def start(url: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lrs", "bench", url, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )


def test_every_case_is_measured_without_an_error(tmp_path: Path) -> None:
    told, plot = tmp_path / "told.json", tmp_path / "plot.svg"
    with running(tmp_path / "data") as server:
        add_consumer(server, "bench", "all", "stream")
        key = ":".join(key_of(server, "bench"))
        # The endpoint is found below the server's address.
        with start(
            server.url, "--key", key, "--seconds", "0.1", "--batch", "20", "--json", str(told), "--plot", str(plot)
        ) as bench:
            table, said = bench.communicate(timeout=WAIT_S)
    assert bench.returncode == 0, said
    figures = json.loads(told.read_text())
    assert figures["url"] == f"{server.url}/xapi"
    assert figures["whole"] is True
    names = [case["case"] for case in figures["cases"]]
    assert names == [
        "PUT of one", "POST of one", "POST of 20", *FILTERS, *UNKNOWN, ONE,
        "POST to frame, 10 subscribers", "catching up from the beginning",
    ]  # fmt: skip
    assert all(name in table for name in names)
    for case in figures["cases"]:
        assert case["errors"] == {}, case
        assert case["done"] > 0, case
        assert (case["statements"] > 0) == (case["case"] not in UNKNOWN), case
    assert key not in table + said + told.read_text()
    ET.parse(plot)


def test_ctrl_c_prints_what_was_measured(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        add_consumer(server, "bench", "all")
        told = tmp_path / "told.json"
        with start(
            server.endpoint, "--key", ":".join(key_of(server, "bench")), "--seconds", "0.3", "--json", str(told)
        ) as bench:
            assert bench.stderr is not None
            assert bench.stderr.readline() == "Measuring\n"
            bench.send_signal(signal.SIGINT)
            table, said = bench.communicate(timeout=WAIT_S)
    assert bench.returncode == 130, said
    assert "Traceback" not in said
    assert json.loads(told.read_text())["whole"] is False
    assert "CASE" in table or "Nothing was measured." in said
