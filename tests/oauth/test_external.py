"""Tokens of other issuers: whom they stand for, what they allow, and when they end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lrs.auth.grants import Grant
from lrs.auth.issue import Issuer
from lrs.auth.scopes import MEANINGS, expanded
from lrs.auth.sqlite import SqliteConsumers
from lrs.clock import FixedClock
from lrs.config import Settings
from lrs.errors import IssuerUnavailable, TokenExpired, TokenRevoked, Unauthenticated
from lrs.oauth.external import external_issuers
from lrs.oauth.signatures import ALGORITHMS
from tests.oauth.issuer import new_key
from tests.oauth.trust import AUDIENCE, Trust
from tests.samples import COURSE_A


@pytest.fixture
def engine(issuer: Issuer) -> None:
    """A registered consumer that may read one course and an organisation."""
    issuer.add_consumer("engine", scopes=frozenset({"all/read"}), grant=Grant.of([COURSE_A, "course-v1:MITx+*"]))


@pytest.fixture
def trust(consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None) -> Trust:
    return Trust(consumers, settings, clock)


def test_nobody_is_trusted_unless_it_is_said(settings: Settings, clock: FixedClock) -> None:
    assert external_issuers(settings, clock) is None


def test_a_token_stands_for_the_registered_consumer(trust: Trust) -> None:
    principal = trust.principal()
    assert (principal.consumer, principal.scopes) == ("engine", frozenset({"all/read"}))
    assert principal.grant == Grant.of([COURSE_A, "course-v1:MITx+*"])
    assert principal.expires_at_us == trust.claims["exp"] * 1_000_000
    assert principal.authority["account"]["name"] == "engine"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_can_be_allowed_works(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None, algorithm: str
) -> None:
    assert Trust(consumers, settings, clock, algorithm).principal().consumer == "engine"


def test_one_header_has_it_by_the_door_for_all_credentials(trust: Trust) -> None:
    assert trust.authenticator.principal_for_authorization(f"Bearer {trust.token()}").consumer == "engine"


def test_tokens_of_this_server_go_on_as_before(trust: Trust, issuer: Issuer) -> None:
    assert trust.authenticator.principal_for_token(issuer.issue_token("engine").token).external is None


def test_the_credential_has_a_name_of_its_own_without_the_token(trust: Trust) -> None:
    """It counts connections and stands in logs."""
    token = trust.token()
    one, other = trust.authenticator.principal_for_token(token), trust.principal(jti="2")
    assert one.credential.startswith("external:")
    assert one.credential != other.credential
    assert trust.authenticator.principal_for_token(token).credential == one.credential


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["https://other.example", AUDIENCE]], ids=str)
def test_the_audience_may_be_one_of_several(trust: Trust, aud: object) -> None:
    """RFC 7519 4.1.3."""
    assert trust.principal(aud=aud)


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_is_that_of_an_access_token_in_all_its_spellings(trust: Trust, typ: str) -> None:
    """RFC 9068 2.1."""
    assert trust.authenticator.principal_for_token(trust.token(trust.header | {"typ": typ}))


def test_another_type_is_taken_when_the_operator_says_so(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None
) -> None:
    trust = Trust(consumers, settings, clock, types=["JWT"])
    assert trust.authenticator.principal_for_token(trust.token(trust.header | {"typ": "JWT"}))
    with pytest.raises(Unauthenticated):
        trust.principal()


def test_thumbprints_beside_the_name_of_the_key_are_passed_over(trust: Trust) -> None:
    assert trust.authenticator.principal_for_token(trust.token(trust.header | {"x5t": "a", "x5t#S256": "b"}))


def test_another_claim_can_name_the_consumer(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None
) -> None:
    trust = Trust(consumers, settings, clock, consumer_claim="azp", consumers="*")
    assert trust.principal(azp="engine").consumer == "engine"
    for wrong in "moodle", "", None, ["engine"], 1:
        with pytest.raises(Unauthenticated):
            trust.principal(azp=wrong)


def test_scope_and_courses_narrow_and_never_widen(
    consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None
) -> None:
    trust = Trust(consumers, settings, clock, scope_claim="scope", courses_claim="courses")
    narrow = trust.principal(scope="openid stream", courses=[COURSE_A])
    assert (narrow.scopes, narrow.grant) == (frozenset({"stream"}), Grant.of([COURSE_A]))
    wide = trust.principal(scope=["all", "admin"], courses="* course-v1:edX+C+R")
    assert not wide.allows("statements/write")
    assert not wide.allows("admin")
    assert wide.grant == Grant.of([COURSE_A, "course-v1:MITx+*"])
    nothing = trust.principal(scope="openid", courses=[])
    assert (nothing.scopes, nothing.grant) == (frozenset(), Grant.of([]))


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60, deadline=None
)
@given(
    scope=st.lists(st.sampled_from([*MEANINGS, "openid"])),
    courses=st.lists(st.sampled_from(["*", COURSE_A, "course-v1:MITx+*", "course-v1:MITx+C1+a", "course-v1:edX+C+R"])),
)
def test_no_token_is_wider_than_its_consumer(
    *,
    consumers: SqliteConsumers,
    settings: Settings,
    clock: FixedClock,
    engine: None,
    scope: list[str],
    courses: list[str],
) -> None:
    """Whatever the issuer says."""
    trust = Trust(consumers, settings, clock, scope_claim="scope", courses_claim="courses")
    principal, held = trust.principal(scope=scope, courses=courses), consumers.consumer("engine")
    assert expanded(principal.scopes) <= expanded(held.scopes)
    assert held.grant.excess(principal.grant) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "stream"},
        {"courses": [COURSE_A]},
        {"scope": "stream", "courses": [1]},
        {"scope": "stream", "courses": {"a": "b"}},
        {"scope": "stream", "courses": ["no course"]},
        {"scope": 1, "courses": [COURSE_A]},
        {"scope": None, "courses": [COURSE_A]},
    ],
    ids=str,
)
def test_a_limit_that_is_missing_or_not_understood_is_no_licence(
    *, consumers: SqliteConsumers, settings: Settings, clock: FixedClock, engine: None, claims: dict[str, object]
) -> None:
    trust = Trust(consumers, settings, clock, scope_claim="scope", courses_claim="courses")
    with pytest.raises(Unauthenticated):
        trust.principal(**claims)


def test_a_token_ends_in_the_second_that_it_names(trust: Trust, clock: FixedClock) -> None:
    principal = trust.principal()
    clock.advance(299)
    assert trust.authenticator.still_good(principal) == principal
    clock.advance(1)
    with pytest.raises(TokenExpired):
        trust.authenticator.still_good(principal)
    with pytest.raises(TokenExpired):
        trust.principal()
    with pytest.raises(TokenExpired):
        trust.principal(jti="never seen")


def test_a_token_is_good_from_the_time_that_it_names(trust: Trust, clock: FixedClock) -> None:
    """RFC 7519 4.1.5, with a minute for two clocks that differ."""
    now_s = trust.claims["iat"]
    assert trust.principal(nbf=now_s + 60)
    with pytest.raises(Unauthenticated):
        trust.principal(nbf=now_s + 61)
    clock.advance(1)
    assert trust.principal(nbf=now_s + 61)


def test_an_end_of_the_consumer_comes_first(trust: Trust, consumers: SqliteConsumers, clock: FixedClock) -> None:
    end_us = clock.now_us() + 1_000_000
    consumers.change_consumer("engine", lambda one: replace(one, expires_at_us=end_us))
    assert trust.principal().expires_at_us == end_us


def test_what_the_consumer_may_do_now_counts(trust: Trust, consumers: SqliteConsumers) -> None:
    """Narrowed, widened again, disabled: in an open connection too (invariant 8)."""
    principal = trust.principal()
    consumers.change_consumer("engine", lambda one: replace(one, scopes=frozenset({"stream"})))
    assert trust.authenticator.still_good(principal).scopes == {"stream"}
    consumers.change_consumer("engine", lambda one: replace(one, scopes=frozenset({"all"})))
    assert trust.authenticator.still_good(principal).scopes == {"all"}
    consumers.change_consumer("engine", lambda one: replace(one, disabled=True))
    with pytest.raises(TokenRevoked):
        trust.authenticator.still_good(principal)
    with pytest.raises(TokenRevoked):
        trust.principal()


def test_a_consumer_that_is_not_registered_is_nobody(trust: Trust, issuer: Issuer) -> None:
    trust.external.issuers[trust.claims["iss"]][0].consumers["ghost"] = "ghost"  # type: ignore[index]
    with pytest.raises(Unauthenticated):
        trust.principal(client_id="ghost")
    issuer.add_consumer("ghost")
    assert trust.principal(client_id="ghost").consumer == "ghost"


def test_the_issuer_changes_its_key(trust: Trust) -> None:
    """The new one counts once it is fetched, the old one until it is withdrawn."""
    principal, old, generation = trust.principal(), trust.key, trust.authenticator.generation()
    trust.key = new_key("ES256")
    renewed = trust.token(trust.header | {"kid": "k2"})
    with pytest.raises(IssuerUnavailable):
        trust.authenticator.principal_for_token(renewed)
    trust.clock.advance(1)
    trust.publish(k1=old, k2=trust.key)
    assert trust.authenticator.principal_for_token(renewed).consumer == "engine"
    assert trust.authenticator.still_good(principal) == principal
    trust.publish(k2=trust.key)
    assert trust.authenticator.generation() > generation
    with pytest.raises(TokenRevoked):
        trust.authenticator.still_good(principal)


def test_an_issuer_that_is_away_for_long_is_no_reason_to_refuse_for_good(trust: Trust) -> None:
    principal = trust.principal()
    trust.clock.advance(trust.settings.limits.oidc_stale_s + 1)
    with pytest.raises(IssuerUnavailable):
        trust.authenticator.still_good(principal)


def test_a_remembered_proof_is_remembered_for_all_memories_together(trust: Trust) -> None:
    """A token that was pushed out of memory is proven anew, and an open connection needs no memory."""
    token = trust.token()
    principal = trust.authenticator.principal_for_token(token)
    trust.authenticator._proofs.clear()
    trust.authenticator._principals.clear()
    assert trust.authenticator.still_good(principal) == principal
    assert trust.authenticator.principal_for_token(token) == principal
