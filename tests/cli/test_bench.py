"""``lrs bench`` measures only what it is meant to."""

from __future__ import annotations

import socket

import pytest

from tests.cli.invoke import Shell


@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]"])
def test_another_machine_is_not_measured_by_mistake(lrs: Shell, host: str) -> None:
    refused = lrs("bench", f"http://{host}:8080/xapi", exit_code=2)
    assert "is not this machine" in refused.stderr


def test_a_url_is_needed(lrs: Shell) -> None:
    assert "such as http://127.0.0.1:8080/xapi" in lrs("bench", "127.0.0.1:8080", exit_code=2).stderr


@pytest.mark.parametrize("credential", [("--key", "no-colon"), ("--key", "a:b", "--token", "t")])
def test_a_credential_is_a_key_with_its_secret_or_a_token(lrs: Shell, credential: tuple[str, ...]) -> None:
    assert "--key ID:SECRET or --token TOKEN" in lrs("bench", "http://127.0.0.1:1", *credential, exit_code=2).stderr


def test_a_server_that_is_not_there_is_told(lrs: Shell) -> None:
    with socket.socket() as bound:
        # Nobody listens on a socket that is only bound.
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert "can't be reached" in lrs.refused("bench", f"http://127.0.0.1:{port}/xapi")
