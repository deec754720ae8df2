"""``lrs signing-key``."""

from __future__ import annotations

import pytest

from tests.cli.invoke import Shell


@pytest.fixture
def engine(lrs: Shell) -> Shell:
    """A shell on a store with a consumer and its token."""
    lrs("consumer", "add", "engine", "--scope", "all/read")
    lrs("token", "issue", "engine", "--ttl", "30d")
    return lrs


def test_a_store_begins_with_one_key_that_signs(engine: Shell) -> None:
    (key,) = engine.json("signing-key", "list")
    assert (key["state"], key["retired_at"]) == ("signs", None)


def test_a_rotation_leaves_the_old_key_until_its_tokens_have_expired(engine: Shell) -> None:
    new, old = engine.json("signing-key", "rotate")
    assert (new["state"], old["state"]) == ("signs", "verifies")
    assert old["retired_at"] == engine.json("token", "list")[0]["expires_at"]


def test_a_rotation_may_give_the_old_key_less_time(engine: Shell) -> None:
    new, old = engine.json("signing-key", "rotate", "--retire-after", "1h")
    assert new["created_at"] < old["retired_at"] < engine.json("token", "list")[0]["expires_at"]


def test_a_key_without_tokens_is_retired_at_once(lrs: Shell) -> None:
    lrs("consumer", "add", "engine")
    lrs("signing-key", "rotate")
    assert [key["state"] for key in lrs.json("signing-key", "list")] == ["signs", "retired"]


def test_a_key_that_verifies_can_be_retired_and_the_one_that_signs_can_not(engine: Shell) -> None:
    new, old = engine.json("signing-key", "rotate")
    assert "rotate first" in engine.refused("signing-key", "retire", new["kid"])
    assert f"Signing key {old['kid']} is retired since" in engine("signing-key", "retire", old["kid"]).stdout
    assert engine.json("signing-key", "retire", old["kid"])["state"] == "retired"


@pytest.mark.parametrize("kid", ["x", "-i9Zd", "-j", "--x"])
def test_an_unknown_key_is_not_found_even_if_its_id_looks_like_an_option(engine: Shell, kid: str) -> None:
    assert f"no signing key '{kid}'" in engine.refused("signing-key", "retire", kid)


def test_no_output_holds_the_private_key(engine: Shell) -> None:
    printed = engine("signing-key", "rotate").output + engine("signing-key", "list").output
    assert "PRIVATE" not in printed + engine("signing-key", "list", "--json").output
    assert "signs" in printed
