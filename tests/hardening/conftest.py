"""One server for all attacks, and the proof after each that it is unharmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.samples import COURSE_A, statement
from tests.system.access import STATEMENTS, add_consumer, authorization, blocking_client, key_of, stranger, token_of
from tests.system.server import Server, running

MIB = 1024 * 1024
AUTH_TIMEOUT_S = 1
CONNECTIONS_PER_TOKEN_MAX = 12
GROWTH_BYTES_MAX = 300 * MIB
"""Far above what a request of the largest size costs while it is served, far below what an attack could ask for."""

SAID = ("Invalid HTTP request received.", "code=overloaded")
"""All that is logged of a request that is no HTTP, and of one that is refused because there are too many."""


@dataclass
class Target:
    """The server under attack, and the credentials of an honest client that may write and read everything."""

    server: Server
    key: tuple[str, str]
    token: str

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def headers(self) -> dict[str, str]:
        """What an honest request to the statements has."""
        return {"X-Experience-API-Version": "1.0.3", **authorization(self.token)}

    def request(self, method: str, path: str = STATEMENTS, **options: Any) -> httpx.Response:
        """An answer to the honest client."""
        with blocking_client(self.server, self.token) as client:
            return client.request(method, path, **options)

    def anonymous(self, method: str, path: str = STATEMENTS, **options: Any) -> httpx.Response:
        """An answer to a request with no headers but those given."""
        with stranger(self.server) as client:
            return client.request(method, path, **options)

    def post(self, body: bytes) -> httpx.Response:
        """The answer to a POST of statements with this body."""
        return self.request("POST", content=body, headers={"Content-Type": "application/json"})

    def memory_bytes(self, row: str) -> int:
        """``VmRSS``: what the process holds in memory; ``VmHWM``: the most that it held since ``forget_peak``."""
        found = re.search(rf"{row}:\s+(\d+) kB", Path(f"/proc/{self.server.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def forget_peak(self) -> None:
        """Let ``VmHWM`` begin anew (proc_pid_clear_refs(5))."""
        Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server, with patience so short that tests need not wait, and little room for strangers."""
    with running(
        tmp_path_factory.mktemp("hardening") / "data",
        LRS_BODY_READ_S="1",
        LRS_AUTH_TIMEOUT_S=str(AUTH_TIMEOUT_S),
        LRS_SEND_BLOCKED_S="1",
        LRS_FORMS_MAX="5",
        LRS_CONNECTIONS_UNAUTHENTICATED_MAX="10",
        LRS_CONNECTIONS_PER_TOKEN_MAX=str(CONNECTIONS_PER_TOKEN_MAX),
    ) as server:
        add_consumer(server, "honest", "all")
        add_consumer(server, "engine", "stream", "statements/read", "statements/write", courses=(COURSE_A,))
        yield Target(server, key_of(server, "honest"), token_of(server, "honest"))


@pytest.fixture(autouse=True)
def unharmed(target: Target) -> Iterator[None]:
    """After the attack: the same process answers an honest request, has not grown much, and logged no fault."""
    pid, printed, before = target.server.pid, len(target.server.lines), target.memory_bytes("VmRSS")
    target.forget_peak()
    yield
    made = statement()
    assert target.request("POST", json=made).status_code == 200
    assert target.request("GET", params={"statementId": made["id"]}).json()["id"] == made["id"]
    assert target.server.pid == pid
    assert target.memory_bytes("VmHWM") - before < GROWTH_BYTES_MAX
    assert [line for line in target.server.lines[printed:] if not any(said in line for said in SAID)] == []


def refused(answer: httpx.Response, *statuses: int) -> str:
    """``answer`` is one of ``statuses`` with a reason for people; returns its code for programs."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert len(answer.content) < 64 * 1024, "the answer is larger than it need be"
    code: str = problem["code"]
    return code
