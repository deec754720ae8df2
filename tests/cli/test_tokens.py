"""``lrs token``."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.cli.invoke import Shell


@pytest.fixture
def engine(lrs: Shell) -> Shell:
    """A shell on a store with a consumer that may read one organisation."""
    lrs("consumer", "add", "engine", "--scope", "all/read", "--course", "course-v1:MITx+*")
    return lrs


def test_the_token_stands_alone_on_stdout_and_its_terms_on_stderr(engine: Shell) -> None:
    issued = engine("token", "issue", "engine", "--course", "course-v1:MITx+C1+a", "--ttl", "12h")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", issued.stdout)
    assert "courses: course-v1:MITx+C1+a." in issued.stderr
    assert "http://localhost:8080/xapi" in issued.stderr


def test_json_holds_the_token_and_its_terms(engine: Shell) -> None:
    issued = engine.json("token", "issue", "engine", "--scope", "stream")
    assert issued["token"].count(".") == 2
    assert (issued["consumer"], issued["scopes"], issued["state"]) == ("engine", ["stream"], "active")
    assert issued["courses"] == ["course-v1:MITx+*"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--scope", "statements/write"), "statements/write"),
        (("--course", "*"), "every course"),
        (("--course", "course-v1:edX+C1+a"), "course-v1:edX+C1+a"),
        (("--scope", "root"), "'root'"),
        (("--ttl", "9999w"), "lives"),
    ],
)
def test_a_token_for_more_than_its_consumer_has_is_refused(engine: Shell, options: tuple[str, ...], named: str) -> None:
    assert named in engine.refused("token", "issue", "engine", *options)
    assert engine.json("token", "list") == []


def test_a_period_without_a_unit_is_wrong_usage(engine: Shell) -> None:
    assert "30d" in engine("token", "issue", "engine", "--ttl", "30", exit_code=2).stderr


def test_the_list_shows_terms_and_never_the_token(engine: Shell) -> None:
    token = engine("token", "issue", "engine").stdout.strip()
    listed = engine("token", "list").stdout
    assert re.search(r"[0-9a-f]{32}  engine +active", listed)
    assert token[-40:] not in listed + engine("token", "list", "--json").stdout


def test_a_token_is_revoked_by_id_by_itself_or_from_standard_input(engine: Shell) -> None:
    first, second, third = (engine.json("token", "issue", "engine") for _ in range(3))
    assert first["jti"] in engine("token", "revoke", first["jti"]).stdout
    assert engine.json("token", "revoke", second["token"])["state"] == "revoked"
    engine("token", "revoke", "-", stdin=third["token"] + "\n")
    assert [token["state"] for token in engine.json("token", "list", "engine")] == ["revoked"] * 3


@pytest.mark.parametrize("text", ["nothing", "a.b.c", ""])
def test_what_is_no_token_is_not_revoked(engine: Shell, text: str) -> None:
    engine.refused("token", "revoke", text)


def test_a_shell_can_take_the_token_from_a_process(engine: Shell) -> None:
    """TOKEN=$(lrs token issue NAME): the same from a real process, with notes kept out of the pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "lrs", "token", "issue", "engine", "--ttl", "1h"],
        env={**os.environ, "LRS_DATA": str(engine.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    assert len(engine.json("token", "list")) == 1
    failed = subprocess.run(
        [sys.executable, "-m", "lrs", "token", "issue", "nobody"],
        env={**os.environ, "LRS_DATA": str(engine.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", "Error: there is no consumer 'nobody'\n")


def test_a_token_keeps_the_restrictions_of_its_consumer_or_has_less(lrs: Shell) -> None:
    verbs = [f"https://example.com/verbs/{name}" for name in ("answered", "asked")]
    lrs("consumer", "add", "engine", "--verb", verbs[0], "--verb", verbs[1])
    assert lrs.json("token", "issue", "engine")["verbs"] == verbs
    assert lrs.json("token", "issue", "engine", "--verb", verbs[1])["verbs"] == verbs[1:]
    assert lrs.json("token", "list")[0]["courses"] == ["*"]
    assert "verbs" in lrs.refused("token", "issue", "engine", "--verb", "*")
