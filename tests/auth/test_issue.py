"""Issuing: nothing is handed out that its consumer does not have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lrs.auth.authenticate import Authenticator
from lrs.auth.consumers import TokenRow
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.issue import Issuer
from lrs.auth.scopes import DEFAULT_SCOPES
from lrs.auth.sqlite import SqliteConsumers
from lrs.auth.tokens import KeyRing
from lrs.clock import FixedClock
from lrs.errors import Conflict, Forbidden, InvalidParameter, NotFound, StoreUnavailable, Unauthenticated
from tests.auth.forge import parts_of

DAY_US = 86_400_000_000


def test_a_consumer_without_wishes_writes_and_reads_its_own_everywhere(issuer: Issuer) -> None:
    added = issuer.add_consumer("engine")
    assert (added.scopes, added.grant, added.expires_at_us) == (DEFAULT_SCOPES, UNRESTRICTED, None)


def test_two_consumers_do_not_share_a_name(issuer: Issuer) -> None:
    issuer.add_consumer("engine")
    with pytest.raises(Conflict, match="engine"):
        issuer.add_consumer("engine")


def test_a_consumer_is_not_born_expired(issuer: Issuer, clock: FixedClock) -> None:
    with pytest.raises(InvalidParameter, match="expired"):
        issuer.add_consumer("engine", expires_at_us=clock.now_us())


@pytest.mark.parametrize("scopes", [frozenset[str](), frozenset({"root"})])
def test_a_consumer_has_some_scope_that_exists(issuer: Issuer, scopes: frozenset[str]) -> None:
    with pytest.raises(InvalidParameter, match="scope"):
        issuer.add_consumer("engine", scopes=scopes)


def test_a_token_without_wishes_has_all_that_its_consumer_has(issuer: Issuer, clock: FixedClock) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"all/read"}), grant=Grant.of(["course-v1:MITx+*"]))
    row = issuer.issue_token("engine").row
    assert (row.scopes, row.grant) == (frozenset({"all/read"}), Grant.of(["course-v1:MITx+*"]))
    assert row.expires_at_us == clock.now_us() + 30 * DAY_US


@pytest.mark.parametrize(
    ("scopes", "grant", "named"),
    [
        (frozenset({"admin"}), None, "admin"),
        (frozenset({"stream", "statements/write"}), None, "statements/write"),
        (None, UNRESTRICTED, "every course"),
        (None, Grant.of(["course-v1:MITx+*"]), r"course-v1:MITx\+\*"),
        (None, Grant.of(["course-v1:MITx+C1+a", "course-v1:MITx+C2+a"]), r"C2\+a"),
    ],
)
def test_a_token_that_asks_for_more_than_its_consumer_has_is_refused_and_the_excess_named(
    issuer: Issuer, consumers: SqliteConsumers, scopes: frozenset[str] | None, grant: Grant | None, named: str
) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"all/read"}), grant=Grant.of(["course-v1:MITx+C1+a"]))
    with pytest.raises(Forbidden, match=named):
        issuer.issue_token("engine", scopes=scopes, grant=grant)
    assert consumers.tokens() == []


def test_a_token_may_ask_for_what_its_consumer_has_by_implication(issuer: Issuer) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"all"}), grant=Grant.of(["course-v1:MITx+*"]))
    issued = issuer.issue_token("engine", scopes=frozenset({"stream"}), grant=Grant.of(["course-v1:MITx+C1+a"]))
    assert issued.row.scopes == {"stream"}


@pytest.mark.parametrize("ttl_s", [0, -1, 3651 * 86_400])
def test_a_token_lives_for_a_sensible_time(issuer: Issuer, ttl_s: int) -> None:
    issuer.add_consumer("engine")
    with pytest.raises(InvalidParameter, match="lives"):
        issuer.issue_token("engine", ttl_s=ttl_s)


def test_a_token_ends_with_its_consumer(issuer: Issuer, clock: FixedClock) -> None:
    issuer.add_consumer("engine", expires_at_us=clock.now_us() + DAY_US)
    issued = issuer.issue_token("engine")
    assert issued.row.expires_at_us == clock.now_us() + DAY_US
    assert parts_of(issued.token)[1]["exp"] * 1_000_000 == issued.row.expires_at_us


def test_a_token_is_never_longer_than_the_server_takes(issuer: Issuer, consumers: SqliteConsumers) -> None:
    courses = Grant.of(f"course-v1:MITx+Course{number}+2026" for number in range(300))
    issuer.add_consumer("engine", grant=courses)
    with pytest.raises(InvalidParameter, match="LRS_TOKEN_BYTES_MAX"):
        issuer.issue_token("engine")
    assert consumers.tokens() == []


def test_a_disabled_or_expired_consumer_gets_nothing_new(
    issuer: Issuer, consumers: SqliteConsumers, clock: FixedClock
) -> None:
    issuer.add_consumer("disabled")
    consumers.change_consumer("disabled", lambda before: replace(before, disabled=True))
    issuer.add_consumer("expired", expires_at_us=clock.now_us() + 1)
    clock.advance(1)
    for name in ("disabled", "expired"):
        with pytest.raises(Forbidden, match=name):
            issuer.add_key(name)
        with pytest.raises(Forbidden, match=name):
            issuer.issue_token(name)


def test_an_unknown_consumer_is_named(issuer: Issuer) -> None:
    with pytest.raises(NotFound, match="nobody"):
        issuer.add_key("nobody")
    with pytest.raises(NotFound, match="nobody"):
        issuer.issue_token("nobody")


def test_a_token_is_revoked_by_its_id_or_by_itself_even_after_its_end(issuer: Issuer, clock: FixedClock) -> None:
    issuer.add_consumer("engine")
    first, second = issuer.issue_token("engine", ttl_s=1), issuer.issue_token("engine", ttl_s=1)
    clock.advance(5)
    assert issuer.revoke_token(first.row.jti).revoked_at_us == clock.now_us()
    assert issuer.revoke_token(second.token).jti == second.row.jti


def test_a_forged_token_revokes_nothing(issuer: Issuer, consumers: SqliteConsumers) -> None:
    """Hand an administrator a token that bears the id of another's."""
    issuer.add_consumer("engine")
    issued = issuer.issue_token("engine")
    header, body, _ = issued.token.split(".")
    with pytest.raises(Unauthenticated):
        issuer.revoke_token(f"{header}.{body}.{'A' * 86}")
    assert consumers.tokens()[0].revoked_at_us is None


def test_what_is_issued_is_accepted(issuer: Issuer, authenticator: Authenticator) -> None:
    issuer.add_consumer("engine")
    assert authenticator.principal_for_token(issuer.issue_token("engine").token).consumer == "engine"


def test_neither_token_nor_secret_is_stored(issuer: Issuer, consumers: SqliteConsumers) -> None:
    """Not even in the journal that lies beside the database."""
    issuer.add_consumer("engine")
    issued, key = issuer.issue_token("engine"), issuer.add_key("engine")
    folder = consumers._store.path.parent
    stored = b"".join(path.read_bytes() for path in folder.iterdir())
    assert issued.row.jti.encode() in stored
    assert issued.token.split(".")[2].encode() not in stored
    assert key.secret.encode() not in stored


def test_a_ring_without_keys_signs_nothing() -> None:
    with pytest.raises(AssertionError):
        KeyRing([], issuer="a", audience="b", token_bytes_max=1).signing_kid  # noqa: B018


def test_a_token_that_was_signed_while_the_keys_rotated_is_signed_anew(
    issuer: Issuer, consumers: SqliteConsumers, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process rotates between the signature and the row: the old key could end before the token does."""
    issuer.add_consumer("engine")
    add_token, tried = consumers.add_token, []

    def rotate_first(row: TokenRow) -> None:
        tried.append(row.kid)
        if len(tried) == 1:
            issuer.rotate_signing_key()
        add_token(row)

    monkeypatch.setattr(consumers, "add_token", rotate_first)
    issued = issuer.issue_token("engine")
    assert len(set(tried)) == 2
    assert issued.row.kid == tried[1] == consumers.signing_keys()[0].kid
    assert authenticator.principal_for_token(issued.token).consumer == "engine"


def test_keys_that_rotate_without_end_are_no_reason_to_try_without_end(
    issuer: Issuer, consumers: SqliteConsumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.add_consumer("engine")

    def refuse(_: TokenRow) -> None:
        raise Conflict("again")

    monkeypatch.setattr(consumers, "add_token", refuse)
    with pytest.raises(StoreUnavailable):
        issuer.issue_token("engine")
