"""What every adapter of ``ConsumerStore`` keeps: one suite, run on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lrs.auth.consumers import ConsumerStore, Key, SigningKey, TokenRow
from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.auth.sqlite import SqliteConsumers
from lrs.errors import Conflict, NotFound
from lrs.storage.sqlite import Store, open_store

Opener = Callable[[], ConsumerStore]

GRANT = Grant.of(["course-v1:Zürich+C+R", "course-v1:MITx+*"])
KEY = Key(id="k1", consumer="engine", sha256=bytes(range(32)), created_at_us=5)
TOKEN = TokenRow(
    jti="t1",
    consumer="engine",
    scopes=frozenset({"stream", "statements/read"}),
    grant=GRANT,
    kid="s1",
    issued_at_us=5,
    expires_at_us=50,
)
SIGNING_KEY = SigningKey(kid="s1", private_pem="pem", created_at_us=1)


@pytest.fixture(params=["sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same store again and again, as several processes would."""
    assert request.param == "sqlite"
    stores: list[Store] = []

    def open_again() -> ConsumerStore:
        stores.append(open_store(tmp_path / "lrs.sqlite3"))
        return SqliteConsumers(stores[-1])

    yield open_again
    for store in stores:
        store.close()


@pytest.fixture
def consumers(opened: Opener) -> ConsumerStore:
    """A store with one consumer."""
    made = opened()
    made.add_consumer("engine", scopes=frozenset({"stream", "all"}), grant=GRANT, created_at_us=2, expires_at_us=None)
    return made


@pytest.fixture
def full(consumers: ConsumerStore) -> ConsumerStore:
    """The same with a key, a token and a signing key."""
    consumers.add_key(KEY)
    consumers.add_token(TOKEN)
    consumers.add_signing_key(SIGNING_KEY)
    return consumers


def test_a_consumer_comes_back_as_it_was_given(consumers: ConsumerStore) -> None:
    found = consumers.consumer("engine")
    assert (found.name, found.scopes, found.grant) == ("engine", frozenset({"stream", "all"}), GRANT)
    assert (found.created_at_us, found.expires_at_us, found.disabled, found.trusted) == (2, None, False, False)


def test_a_name_is_taken_once(consumers: ConsumerStore) -> None:
    with pytest.raises(Conflict, match="engine"):
        consumers.add_consumer("engine", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=None)
    assert len(consumers.consumers()) == 1


def test_names_differ_by_case(consumers: ConsumerStore) -> None:
    consumers.add_consumer("Engine", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=9)
    assert consumers.consumer("Engine").expires_at_us == 9


def test_no_course_and_every_course_are_not_confused(consumers: ConsumerStore) -> None:
    consumers.add_consumer("none", scopes=frozenset(), grant=Grant.of([]), created_at_us=3, expires_at_us=None)
    consumers.add_consumer("every", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=None)
    assert consumers.consumer("none").grant == Grant.of([])
    assert consumers.consumer("every").grant == UNRESTRICTED


def test_consumers_are_listed_by_name_and_keep_their_ids(consumers: ConsumerStore) -> None:
    consumers.add_consumer("archive", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=None)
    found = consumers.consumers()
    assert [one.name for one in found] == ["archive", "engine"]
    assert len({one.id for one in found}) == 2


def test_a_change_keeps_id_name_and_creation(consumers: ConsumerStore) -> None:
    before = consumers.consumer("engine")
    after = consumers.change_consumer(
        "engine",
        lambda one: replace(
            one,
            id=99,
            name="other",
            created_at_us=99,
            scopes=frozenset({"admin"}),
            grant=UNRESTRICTED,
            expires_at_us=7,
            disabled=True,
            trusted=True,
        ),
    )
    assert consumers.consumer("engine") == after
    assert (after.id, after.name, after.created_at_us) == (before.id, "engine", before.created_at_us)
    assert (after.scopes, after.grant, after.expires_at_us) == (frozenset({"admin"}), UNRESTRICTED, 7)
    assert (after.disabled, after.trusted) == (True, True)


def test_a_change_that_fails_changes_nothing(consumers: ConsumerStore) -> None:
    before = consumers.consumer("engine")
    with pytest.raises(ZeroDivisionError):
        consumers.change_consumer("engine", lambda one: replace(one, expires_at_us=1 // 0))
    assert consumers.consumer("engine") == before


def test_keys_and_tokens_come_back_with_their_consumer(full: ConsumerStore) -> None:
    consumer = full.consumer("engine")
    assert full.key("k1") == (KEY, consumer)
    assert full.token("t1") == (TOKEN, consumer)


def test_what_is_not_there_is_none(full: ConsumerStore) -> None:
    for id_ in ("", "t2", "K1", "T1", "k1\x00", "ä", "%", "' OR 1=1 --"):
        assert full.key(id_) is None
        assert full.token(id_) is None


def test_unknown_names_are_not_found(full: ConsumerStore) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: full.consumer("nobody"),
        lambda: full.change_consumer("nobody", lambda one: one),
        lambda: full.keys("nobody"),
        lambda: full.tokens("nobody"),
        lambda: full.add_key(replace(KEY, id="k2", consumer="nobody")),
        lambda: full.add_token(replace(TOKEN, jti="t2", consumer="nobody")),
        lambda: full.revoke_key("nobody", 1),
        lambda: full.revoke_token("nobody", 1),
        lambda: full.retire_signing_key("nobody", 1),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound, match="nobody"):
            attempt()


def test_keys_and_tokens_are_listed_oldest_first_for_one_or_all(full: ConsumerStore) -> None:
    full.add_consumer("other", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=None)
    full.add_key(replace(KEY, id="k0", consumer="other", created_at_us=6))
    full.add_token(replace(TOKEN, jti="t0", consumer="other", issued_at_us=6))
    assert [one.id for one in full.keys(None)] == ["k1", "k0"]
    assert [one.id for one in full.keys("other")] == ["k0"]
    assert [one.jti for one in full.tokens()] == ["t1", "t0"]
    assert [one.jti for one in full.tokens("engine")] == ["t1"]


def test_revoking_twice_keeps_the_first_moment(full: ConsumerStore) -> None:
    assert full.revoke_key("k1", 10).revoked_at_us == 10
    assert full.revoke_key("k1", 20).revoked_at_us == 10
    assert full.revoke_token("t1", 10).revoked_at_us == 10
    assert full.revoke_token("t1", 20).revoked_at_us == 10


def test_signing_keys_come_newest_first_without_the_retired(full: ConsumerStore) -> None:
    full.add_signing_key(replace(SIGNING_KEY, kid="s2", created_at_us=2))
    full.add_signing_key(replace(SIGNING_KEY, kid="s3", created_at_us=3))
    full.retire_signing_key("s2", 9)
    assert [key.kid for key in full.signing_keys()] == ["s3", "s1"]
    assert full.signing_keys()[1] == SIGNING_KEY


def test_tokens_count_until_they_expire_and_at_least_for_a_while(full: ConsumerStore) -> None:
    """Revoked or not, and those of others do not."""
    full.add_consumer("other", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=3, expires_at_us=None)
    full.add_token(replace(TOKEN, jti="t2", issued_at_us=20, expires_at_us=30))
    full.revoke_token("t1", 6)
    assert [full.token_count("engine", now_us, now_us - 15) for now_us in (10, 29, 34, 35, 50)] == [2, 2, 2, 1, 0]
    assert full.token_count("other", 10, 0) == full.token_count("nobody", 10, 0) == 0


def test_tokens_that_expired_long_ago_are_forgotten_a_few_at_a_time(full: ConsumerStore) -> None:
    for number in range(5):
        full.add_token(replace(TOKEN, jti=f"old{number}", expires_at_us=10))
    assert [full.forget_tokens(50, 3) for _ in range(3)] == [3, 2, 0]
    assert [one.jti for one in full.tokens()] == ["t1"]


FAR_US = 9_000_000_000_000_000
"""Beyond the machine's clock, which this store goes by."""


def test_rotating_lets_the_old_key_verify_until_its_last_token_has_expired(full: ConsumerStore) -> None:
    full.add_token(replace(TOKEN, jti="t2", expires_at_us=FAR_US))
    new = replace(SIGNING_KEY, kid="s2", created_at_us=0)
    old = replace(SIGNING_KEY, retired_at_us=FAR_US)
    assert full.rotate_signing_keys(new, retire_at_us=None) == full.signing_keys() == [new, old]


def test_rotating_lets_the_old_key_verify_until_the_given_time(full: ConsumerStore) -> None:
    found = full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2"), retire_at_us=FAR_US)
    assert [(key.kid, key.retired_at_us) for key in found] == [("s2", None), ("s1", FAR_US)]


def test_rotating_ends_a_key_whose_tokens_have_expired_at_once(full: ConsumerStore) -> None:
    assert [key.kid for key in full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2"), retire_at_us=None)] == ["s2"]
    assert [key.kid for key in full.all_signing_keys()] == ["s2", "s1"]


def test_rotating_twice_keeps_the_end_that_a_key_has(full: ConsumerStore) -> None:
    full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2", created_at_us=2), retire_at_us=FAR_US)
    found = full.rotate_signing_keys(replace(SIGNING_KEY, kid="s3", created_at_us=3), retire_at_us=FAR_US + 1)
    assert [(key.kid, key.retired_at_us) for key in found] == [("s3", None), ("s2", FAR_US + 1), ("s1", FAR_US)]


def test_a_token_of_a_replaced_key_gets_no_row(full: ConsumerStore) -> None:
    """It was signed while another process rotated, and could outlive its key."""
    full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2"), retire_at_us=FAR_US)
    with pytest.raises(Conflict):
        full.add_token(replace(TOKEN, jti="t2"))


def test_the_key_that_signs_can_not_be_retired(full: ConsumerStore) -> None:
    with pytest.raises(Conflict, match="rotate first"):
        full.retire_signing_key("s1", 1)
    assert [key.kid for key in full.signing_keys()] == ["s1"]


def test_a_key_that_still_verifies_can_be_retired_earlier_and_never_later(full: ConsumerStore) -> None:
    full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2"), retire_at_us=FAR_US)
    assert full.retire_signing_key("s1", 7).retired_at_us == 7
    assert full.retire_signing_key("s1", 8).retired_at_us == 7


def test_the_last_use_never_goes_back_and_unknown_credentials_are_passed_over(full: ConsumerStore) -> None:
    full.note_uses({"key:k1": 7, "token:t1": 8, "key:unknown": 9})
    full.note_uses({"key:k1": 6, "token:t1": 9})
    assert full.keys()[0].last_used_at_us == 7
    assert full.tokens()[0].last_used_at_us == 9


@pytest.mark.parametrize(
    "change",
    [
        lambda full: full.change_consumer("engine", lambda one: replace(one, disabled=True)),
        lambda full: full.change_consumer("engine", lambda one: replace(one, grant=UNRESTRICTED)),
        lambda full: full.revoke_key("k1", 1),
        lambda full: full.revoke_token("t1", 1),
        lambda full: full.add_signing_key(replace(SIGNING_KEY, kid="s2")),
        lambda full: full.rotate_signing_keys(replace(SIGNING_KEY, kid="s2"), retire_at_us=1),
    ],
)
def test_a_change_that_matters_is_seen_by_other_processes_at_once(
    opened: Opener, full: ConsumerStore, change: Callable[[ConsumerStore], object]
) -> None:
    """Invariant 8: revocation needs no restart and no waiting."""
    other = opened()
    before = other.generation()
    change(full)
    assert other.generation() > before
    assert other.consumer("engine") == full.consumer("engine")
    assert other.key("k1") == full.key("k1")
    assert other.token("t1") == full.token("t1")
    assert other.signing_keys() == full.signing_keys()


@pytest.mark.parametrize(
    "change",
    [
        lambda full: full.note_uses({"key:k1": 7, "token:t1": 7}),
        lambda full: full.add_key(replace(KEY, id="k2")),
        lambda full: full.add_token(replace(TOKEN, jti="t2")),
        lambda full: full.consumers(),
    ],
)
def test_what_changes_nothing_for_a_credential_in_use_leaves_the_generation(
    full: ConsumerStore, change: Callable[[ConsumerStore], object]
) -> None:
    before = full.generation()
    change(full)
    assert full.generation() == before


def test_everything_survives_closing(opened: Opener, full: ConsumerStore) -> None:
    again = opened()
    assert again.consumers() == full.consumers()
    assert again.keys() == [KEY]
    assert again.tokens() == [TOKEN]
    assert again.generation() == full.generation()
