"""From credentials to principals: freshness, narrowing, and one answer for all that is wrong."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lrs.auth.authenticate import NOT_VALID, Authenticator
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.issue import Issuer
from lrs.auth.secrets import sha256_of
from lrs.auth.sqlite import SqliteConsumers, open_consumers
from lrs.auth.tokens import new_signing_key
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.errors import LrsError, TokenExpired, TokenRevoked, Unauthenticated
from lrs.limits import Limits
from lrs.storage.sqlite import Store, open_store

COURSE = "course-v1:MITx+C1+a"


def basic(key: str, secret: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


@pytest.fixture
def header(issuer: Issuer) -> str:
    """A good Basic credential of the consumer ``engine``."""
    issuer.add_consumer("engine", scopes=frozenset({"all/read"}))
    issued = issuer.add_key("engine")
    return basic(issued.key, issued.secret)


@pytest.fixture
def bearer(issuer: Issuer, header: str) -> str:
    """A good Bearer credential of the same consumer."""
    return f"Bearer {issuer.issue_token('engine').token}"


@pytest.fixture
def elsewhere(store: Store, settings: Settings, clock: FixedClock) -> Iterator[Issuer]:
    """An administrator in another process: a second Store on the same file."""
    other = open_store(store.path)
    yield Issuer(open_consumers(other, clock), settings, clock=clock, entropy=bytes)
    other.close()


def change(issuer: Issuer, **changes: Any) -> None:
    issuer._consumers.change_consumer("engine", lambda before: replace(before, **changes))


def test_a_key_speaks_for_its_consumer(authenticator: Authenticator, header: str) -> None:
    principal = authenticator.principal_for_authorization(header)
    assert (principal.consumer, principal.grant, principal.expires_at_us) == ("engine", UNRESTRICTED, None)
    assert principal.credential.startswith("key:")
    assert principal.authority["account"] == {"homePage": "https://lrs.example.org", "name": "engine"}


def test_a_token_speaks_for_its_consumer_until_it_ends(authenticator: Authenticator, bearer: str) -> None:
    principal = authenticator.principal_for_authorization(bearer)
    assert principal.consumer == "engine"
    assert principal.credential.startswith("token:")
    assert principal.expires_at_us == 1_790_000_000_000_000 + 30 * 86_400_000_000


def test_a_token_is_the_same_with_and_without_its_header(authenticator: Authenticator, bearer: str) -> None:
    assert authenticator.principal_for_token(bearer[7:]) is authenticator.principal_for_authorization(bearer)


def test_the_name_of_a_scheme_has_no_case(authenticator: Authenticator, header: str, bearer: str) -> None:
    """RFC 9110 11.1."""
    assert authenticator.principal_for_authorization("bEARER " + bearer[7:]).consumer == "engine"
    assert authenticator.principal_for_authorization("BASIC  " + header[6:]).consumer == "engine"


def test_no_credential_is_told_what_to_send(authenticator: Authenticator) -> None:
    with pytest.raises(Unauthenticated, match="Bearer or Basic"):
        authenticator.principal_for_authorization(None)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        " ",
        "Basic",
        "Basic ",
        "Basic:abc",
        "Basic abc",
        "Basic ====",
        "Basic \u00e4",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode(b"\x00:\x00").decode(),
        "Basic " + "A" * 100_000,
        "Bearer",
        "Digest username=x",
        "Negotiate abc",
    ],
)
def test_a_malformed_header_is_refused_like_a_wrong_one(authenticator: Authenticator, malformed: str) -> None:
    with pytest.raises(Unauthenticated):
        authenticator.principal_for_authorization(malformed)


@given(st.text(max_size=40), st.text(max_size=40))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_no_user_name_and_password_but_the_right_ones_are_taken(
    authenticator: Authenticator, key: str, secret: str
) -> None:
    text = base64.b64encode(f"{key}:{secret}".encode("utf-8", "surrogatepass")).decode()
    with pytest.raises(Unauthenticated):
        authenticator.principal_for_authorization(f"Basic {text}")


def test_an_unknown_key_and_a_wrong_secret_get_the_same_answer(authenticator: Authenticator, issuer: Issuer) -> None:
    """Otherwise an attacker learns which keys exist."""
    issuer.add_consumer("engine")
    known = issuer.add_key("engine")
    for wrong in (basic(known.key, "wrong"), basic("aaaaaaaaaaaaaaaa", known.secret), basic(known.key, "")):
        with pytest.raises(Unauthenticated) as refusal:
            authenticator.principal_for_authorization(wrong)
        assert (type(refusal.value), refusal.value.message) == (Unauthenticated, NOT_VALID)


def test_a_wrong_secret_for_a_revoked_key_does_not_learn_that_it_is_revoked(
    authenticator: Authenticator, issuer: Issuer, header: str
) -> None:
    key = authenticator.principal_for_authorization(header).credential[4:]
    issuer.revoke_key(key)
    with pytest.raises(Unauthenticated) as refusal:
        authenticator.principal_for_authorization(basic(key, "wrong"))
    assert type(refusal.value) is Unauthenticated


def test_the_stored_hash_of_a_secret_is_no_secret(
    authenticator: Authenticator, issuer: Issuer, consumers: SqliteConsumers
) -> None:
    """Read the database, and send what stands there."""
    issuer.add_consumer("engine")
    issued = issuer.add_key("engine")
    assert consumers.keys()[0].sha256 == sha256_of(issued.secret)
    with pytest.raises(Unauthenticated):
        authenticator.principal_for_authorization(basic(issued.key, sha256_of(issued.secret).hex()))


def test_a_basic_credential_is_not_taken_as_a_token_nor_the_reverse(
    authenticator: Authenticator, header: str, bearer: str
) -> None:
    """Memory of what is genuine is kept apart by scheme."""
    authenticator.principal_for_authorization(header)
    authenticator.principal_for_authorization(bearer)
    for crossed in ("Bearer " + header[6:], "Basic " + bearer[7:]):
        with pytest.raises(Unauthenticated):
            authenticator.principal_for_authorization(crossed)


@pytest.mark.parametrize("fixture", ["header", "bearer"])
class TestEachCredential:
    """What holds for keys and tokens alike, after the credential has been used and is remembered."""

    @pytest.fixture(autouse=True)
    def use(self, request: pytest.FixtureRequest, fixture: str, authenticator: Authenticator) -> None:
        self.text: str = request.getfixturevalue(fixture)
        self.authenticator = authenticator
        self.principal = authenticator.principal_for_authorization(self.text)

    def refused(self, error: type[LrsError]) -> None:
        with pytest.raises(error):
            self.authenticator.principal_for_authorization(self.text)
        with pytest.raises(error):
            self.authenticator.still_good(self.principal)

    def test_it_is_remembered_without_reading_again(self) -> None:
        assert self.authenticator.principal_for_authorization(self.text) is self.principal
        assert self.authenticator.still_good(self.principal) is self.principal

    def test_revocation_in_another_process_counts_from_the_next_call(self, elsewhere: Issuer) -> None:
        """Invariant 8."""
        generation = self.authenticator.generation()
        kind, _, id_ = self.principal.credential.partition(":")
        (elsewhere.revoke_key if kind == "key" else elsewhere.revoke_token)(id_)
        assert self.authenticator.generation() > generation
        self.refused(TokenRevoked)

    def test_a_disabled_consumer_refuses_it_until_it_is_enabled(self, elsewhere: Issuer) -> None:
        change(elsewhere, disabled=True)
        self.refused(TokenRevoked)
        change(elsewhere, disabled=False)
        assert self.authenticator.principal_for_authorization(self.text) == self.principal

    def test_an_expired_consumer_refuses_it(self, elsewhere: Issuer, clock: FixedClock) -> None:
        change(elsewhere, expires_at_us=clock.now_us() + 1_000_000)
        assert self.authenticator.still_good(self.principal).expires_at_us == clock.now_us() + 1_000_000
        clock.advance(1)
        self.refused(TokenExpired)

    def test_narrowing_the_consumer_narrows_it_at_once(self, elsewhere: Issuer) -> None:
        change(elsewhere, grant=Grant.of([COURSE]), scopes=frozenset({"stream"}))
        now = self.authenticator.still_good(self.principal)
        assert now.grant == Grant.of([COURSE])
        assert now.allows("stream")
        assert not now.allows("statements/read")

    def test_a_change_of_another_consumer_leaves_the_same_principal(self, elsewhere: Issuer) -> None:
        elsewhere.add_consumer("other")
        elsewhere._consumers.change_consumer("other", lambda before: replace(before, disabled=True))
        assert self.authenticator.still_good(self.principal) is self.principal


def test_a_credential_is_known_from_its_first_use_until_it_is_revoked(
    authenticator: Authenticator, issuer: Issuer, header: str, bearer: str
) -> None:
    for one in (header, bearer):
        assert authenticator.known(one) is None
        assert authenticator.known(one.upper()) is None
        principal = authenticator.principal_for_authorization(one)
        assert authenticator.known(one) is principal
    change(issuer, disabled=True)
    assert authenticator.known(header) is authenticator.known(bearer) is None


def test_widening_the_consumer_never_widens_a_token(authenticator: Authenticator, issuer: Issuer) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"stream"}), grant=Grant.of([COURSE]))
    principal = authenticator.principal_for_token(issuer.issue_token("engine").token)
    change(issuer, scopes=frozenset({"all", "admin"}), grant=UNRESTRICTED)
    now = authenticator.still_good(principal)
    assert now.grant == Grant.of([COURSE])
    assert now.scopes == {"stream"}


def test_a_token_for_a_part_sees_that_part_only(authenticator: Authenticator, issuer: Issuer) -> None:
    issuer.add_consumer("engine", scopes=frozenset({"all"}), grant=Grant.of(["course-v1:MITx+*"]))
    issued = issuer.issue_token("engine", scopes=frozenset({"statements/read/mine"}), grant=Grant.of([COURSE]))
    principal = authenticator.principal_for_token(issued.token)
    assert principal.scopes == {"statements/read/mine"}
    assert principal.only_mine
    assert principal.grant == Grant.of([COURSE])


def test_a_deleted_credential_is_unknown(authenticator: Authenticator, store: Store, bearer: str) -> None:
    principal = authenticator.principal_for_authorization(bearer)
    with store.writing() as connection:
        connection.execute("DELETE FROM token")
    with pytest.raises(Unauthenticated):
        authenticator.still_good(principal)


def test_retiring_a_signing_key_ends_its_tokens_only(
    authenticator: Authenticator, issuer: Issuer, consumers: SqliteConsumers, bearer: str
) -> None:
    """What an administrator does after a backup was stolen."""
    old = consumers.signing_keys()[0]
    consumers.add_signing_key(new_signing_key(bytes, created_at_us=old.created_at_us + 1))
    principal = authenticator.principal_for_authorization(bearer)
    fresh = issuer.issue_token("engine").token
    consumers.retire_signing_key(old.kid, old.created_at_us)
    with pytest.raises(TokenRevoked):
        authenticator.still_good(principal)
    with pytest.raises(Unauthenticated):
        Authenticator(consumers, authenticator._settings, clock=authenticator._clock).principal_for_authorization(
            bearer
        )
    assert authenticator.principal_for_token(fresh).consumer == "engine"
    assert [key["kid"] for key in authenticator.jwks()["keys"]] == [consumers.signing_keys()[0].kid]


def test_tokens_of_a_replaced_signing_key_are_good_until_they_expire(
    authenticator: Authenticator, issuer: Issuer, clock: FixedClock, bearer: str
) -> None:
    """Rotation is no reason for anybody to come back with a new token."""
    principal = authenticator.principal_for_authorization(bearer)
    keys = issuer.rotate_signing_key()
    assert len(keys) == len(authenticator.jwks()["keys"]) == 2
    assert issuer.issue_token("engine").row.kid == keys[0].kid
    assert authenticator.still_good(principal) == principal
    assert principal.expires_at_us is not None
    clock.advance((principal.expires_at_us - clock.now_us()) / 1_000_000 - 1)
    assert authenticator.still_good(principal) == principal
    clock.advance(1)
    with pytest.raises(TokenExpired):
        authenticator.still_good(principal)


def test_a_token_ends_with_its_signing_key_when_that_ends_first(
    authenticator: Authenticator, issuer: Issuer, clock: FixedClock, bearer: str
) -> None:
    """The time is foreseen, so an open connection is warned of it and closed by it, with no look at the store."""
    principal = authenticator.principal_for_authorization(bearer)
    issuer.rotate_signing_key(retire_after_s=10)
    assert authenticator.still_good(principal).expires_at_us == clock.now_us() + 10_000_000
    clock.advance(10)
    with pytest.raises(TokenExpired):
        authenticator.principal_for_authorization(bearer)
    assert len(authenticator.jwks()["keys"]) == 1
    unaware = Authenticator(issuer._consumers, authenticator._settings, clock=clock)
    with pytest.raises(Unauthenticated):
        unaware.principal_for_authorization(bearer)


def test_a_key_that_ends_while_its_ring_is_remembered_proves_nothing_new(
    authenticator: Authenticator, issuer: Issuer, clock: FixedClock
) -> None:
    """No change of the store tells of it, only time."""
    issuer.add_consumer("engine")
    token = issuer.issue_token("engine").token
    issuer.rotate_signing_key(retire_after_s=10)
    authenticator.jwks()
    clock.advance(10)
    with pytest.raises(TokenRevoked):
        authenticator.principal_for_token(token)


def test_uses_are_noted_and_refusals_are_not(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, issuer: Issuer, header: str
) -> None:
    noted: list[tuple[str, int]] = []
    authenticator = Authenticator(
        consumers, settings, clock=clock, note_use=lambda credential, now_us: noted.append((credential, now_us))
    )
    principal = authenticator.principal_for_authorization(header)
    authenticator.still_good(principal)
    issuer.revoke_key(principal.credential[4:])
    with pytest.raises(TokenRevoked):
        authenticator.principal_for_authorization(header)
    assert noted == [(principal.credential, clock.now_us())] * 2


def test_what_is_remembered_is_bounded(consumers: SqliteConsumers, clock: FixedClock, issuer: Issuer) -> None:
    """Invariant 7."""
    authenticator = Authenticator(consumers, Settings(limits=Limits(credentials_cached_max=16)), clock=clock)
    issuer.add_consumer("engine")
    for _ in range(40):
        issued = issuer.add_key("engine")
        authenticator.principal_for_authorization(basic(issued.key, issued.secret))
        assert len(authenticator._proofs) <= 16
        assert len(authenticator._principals) <= 16


def test_refused_credentials_are_not_remembered(authenticator: Authenticator) -> None:
    """Otherwise a stranger could push out what is genuine."""
    for number in range(20):
        with pytest.raises(Unauthenticated):
            authenticator.principal_for_authorization(basic("a", str(number)))
    assert not authenticator._proofs


def test_a_new_credential_does_not_disturb_what_is_remembered(authenticator: Authenticator, issuer: Issuer) -> None:
    """Machines that fetch a token every few minutes must not cost the others their memory."""
    before = authenticator.generation()
    issuer.add_consumer("engine")
    issuer.add_key("engine")
    issuer.issue_token("engine")
    assert authenticator.generation() == before


def test_neither_secret_nor_token_is_kept_in_memory(authenticator: Authenticator, header: str, bearer: str) -> None:
    authenticator.principal_for_authorization(header)
    authenticator.principal_for_authorization(bearer)
    kept = repr((authenticator._proofs, authenticator._principals))
    secret = base64.b64decode(header[6:]).decode().split(":")[1]
    assert secret not in kept
    assert bearer[-40:] not in kept
