"""``lrs admin`` and ``lrs audit``, and that whatever changes something is audited."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.invoke import Shell


def test_an_administrator_is_made_linked_listed_and_removed(lrs: Shell) -> None:
    assert lrs("admin", "add", "anna").stdout.startswith("http://localhost:8080/admin/password#")
    assert lrs.json("admin", "link", "anna")["name"] == "anna"
    (listed,) = lrs.json("admin", "list")
    assert (listed["name"], listed["has_password"], listed["sessions"]) == ("anna", False, 0)
    lrs("admin", "remove", "anna")
    assert lrs.json("admin", "list") == []
    assert "there is no administrator" in lrs.refused("admin", "link", "anna")
    assert "lower-case" in lrs.refused("admin", "add", "Anna")


def test_a_link_leads_to_where_the_server_listens_unless_its_address_is_set(
    lrs: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value, address in (
        ("LRS_PORT", "9000", "http://localhost:9000"),
        ("LRS_PORT", "0", "http://localhost:8080"),
        ("LRS_PUBLIC_URL", "https://lrs.example.org/", "https://lrs.example.org"),
    ):
        monkeypatch.setenv(variable, value)
        lrs("admin", "add", "anna")
        assert lrs("admin", "link", "anna").stdout.startswith(f"{address}/admin/password#")
        lrs("admin", "remove", "anna")


def test_every_change_is_audited_in_the_name_of_the_user_of_the_machine(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    lrs("consumer", "set", "engine", "--course", "course-v1:MITx+*")
    lrs("consumer", "disable", "engine")
    lrs("consumer", "enable", "engine")
    key = lrs.json("key", "add", "engine")
    lrs("key", "revoke", key["key"])
    token = lrs.json("token", "issue", "engine")
    lrs("token", "revoke", token["jti"])
    lrs("signing-key", "rotate")
    entries = lrs.json("audit")
    assert [entry["act"] for entry in entries] == [
        "consumer.add",
        *["consumer.change"] * 3,
        *("key.add", "key.revoke", "token.issue", "token.revoke", "signing-key.rotate"),
    ]
    assert all(entry["actor"].startswith("cli:") for entry in entries)
    assert entries[1]["details"] == {"grant": {"courses": ["course-v1:MITx+*"]}}
    assert entries[2]["details"] == {"disabled": True}
    assert key["secret"] not in str(entries)
    assert token["token"] not in str(entries)


@pytest.mark.parametrize("command", [("consumer", "list"), ("key", "list"), ("admin", "list"), ("cursor", "list")])
def test_looking_is_not_audited(lrs: Shell, command: tuple[str, ...]) -> None:
    lrs("consumer", "add", "engine")
    lrs(*command)
    assert len(lrs.json("audit")) == 1


def test_the_trail_is_filtered_and_cut(lrs: Shell) -> None:
    for name in ("a", "b", "c"):
        lrs("consumer", "add", name)
    assert [entry["about"] for entry in lrs.json("audit", "--limit", "2")] == ["consumer:b", "consumer:c"]
    assert len(lrs.json("audit", "--since", "1h")) == 3
    assert lrs.json("audit", "--act", "key") == []
    assert len(lrs.json("audit", "--actor", "cli", "--about", "consumer:a")) == 1
    assert "consumer.add" in lrs("audit").stdout


def test_a_restored_store_says_so_and_opens_no_session_of_before(lrs: Shell, tmp_path: Path) -> None:
    lrs("admin", "add", "anna")
    lrs("backup", str(tmp_path / "backup.tar"))
    lrs("restore", str(tmp_path / "backup.tar"), "--force")
    assert [entry["act"] for entry in lrs.json("audit")] == ["administrator.add", "store.restore"]
    with closing(sqlite3.connect(lrs.data / "lrs.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM administrator_link").fetchone() == (0,)
