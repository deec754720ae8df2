"""``lrs key``."""

from __future__ import annotations

import base64

import pytest

from lrs.auth.authenticate import Authenticator
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import TokenRevoked
from lrs.storage.sqlite import open_store
from tests.cli.invoke import Shell


def test_a_key_is_printed_with_its_secret_once(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    shown = lrs("key", "add", "engine")
    (_, key), (_, secret) = (line.split() for line in shown.stdout.splitlines())
    assert "can't be shown again" in shown.stderr
    listed = lrs("key", "list").stdout + lrs("key", "list", "--json").stdout
    assert key in listed
    assert secret not in listed


def test_json_holds_key_and_secret(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    made = lrs.json("key", "add", "engine")
    assert set(made) == {"key", "secret", "consumer"}


def test_keys_are_listed_for_one_consumer_or_all(lrs: Shell) -> None:
    for name in ("one", "two"):
        lrs("consumer", "add", name)
        lrs("key", "add", name)
    assert len(lrs.json("key", "list")) == 2
    assert [key["consumer"] for key in lrs.json("key", "list", "two")] == ["two"]
    assert "'three'" in lrs.refused("key", "list", "three")


def test_a_key_made_here_is_good_for_a_running_server_until_it_is_revoked_here(lrs: Shell) -> None:
    """The commands and the server share nothing but the file."""
    lrs("consumer", "add", "engine")
    store = open_store(lrs.data / "lrs.sqlite3")
    server = Authenticator(SqliteConsumers(store), Settings(), clock=SystemClock())
    made = lrs.json("key", "add", "engine")
    header = "Basic " + base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()
    assert server.principal_for_authorization(header).consumer == "engine"
    assert "revoked" in lrs("key", "revoke", made["key"]).stdout
    with pytest.raises(TokenRevoked):
        server.principal_for_authorization(header)
    store.close()
    assert lrs.json("key", "list")[0]["revoked_at"] is not None


def test_an_unknown_key_is_named(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    assert "'nokey'" in lrs.refused("key", "revoke", "nokey")


def test_a_disabled_consumer_gets_no_key(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    lrs("consumer", "disable", "engine")
    assert "disabled" in lrs.refused("key", "add", "engine")
