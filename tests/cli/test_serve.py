"""What ``lrs serve`` makes of its settings; the real server is in ``tests/system``."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from unittest.mock import patch

import pytest
import uvicorn

from tests.cli.invoke import Shell


def test_a_worker_that_loads_slowly_is_given_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it is taken for hung and killed before it can answer, and so is its successor."""
    given: list[uvicorn.Config] = []

    class Supervisor:
        def __init__(self, config: uvicorn.Config, *, sockets: list[socket.socket]) -> None:
            given.append(config)
            for one in sockets:
                one.close()

        def run(self) -> None:
            pass

    module = "lrs.cli.serve"
    monkeypatch.setattr(f"{module}.Multiprocess", Supervisor)
    for world_wide in ("configure_logs", "allow_many_sockets"):
        monkeypatch.setattr(f"{module}.{world_wide}", lambda *_: None)
    with patch.dict(os.environ):
        Shell(tmp_path)("serve", "--port", "0", "--workers", "2")
    assert [one.timeout_worker_healthcheck for one in given] == [60]
