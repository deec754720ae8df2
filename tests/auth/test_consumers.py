"""Names of consumers, and what their records show of secrets."""

from __future__ import annotations

import pytest

from lrs.auth.consumers import Consumer, Key, SigningKey, TokenRow, consumer_name
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.issue import IssuedKey
from lrs.errors import InvalidParameter


@pytest.mark.parametrize("name", ["open-edx", "Université de Genève", "engine 2", "7", "a@b.example"])
def test_a_name_is_any_printable_text(name: str) -> None:
    assert consumer_name(name) == name


@pytest.mark.parametrize("name", ["", " a", "a ", "-a", "--json", "a\nb", "a\x00", "\u202ea", "a\ud800", "a" * 101])
def test_a_name_can_neither_be_an_option_nor_hide_characters(name: str) -> None:
    with pytest.raises(InvalidParameter, match="name"):
        consumer_name(name)


@pytest.mark.parametrize(
    ("disabled", "expires_at_us", "state"),
    [(False, None, "active"), (False, 11, "active"), (False, 10, "expired"), (True, None, "disabled")],
)
def test_the_state_of_a_consumer(disabled: bool, expires_at_us: int | None, state: str) -> None:
    one = Consumer(
        id=1, name="c", scopes=frozenset(), grant=UNRESTRICTED, created_at_us=1, expires_at_us=expires_at_us,
        disabled=disabled, trusted=False,
    )  # fmt: skip
    assert one.state(10) == state


@pytest.mark.parametrize(("revoked_at_us", "state"), [(None, "active"), (5, "revoked")])
def test_the_state_of_a_key(revoked_at_us: int | None, state: str) -> None:
    assert Key(id="k", consumer="c", sha256=b"", created_at_us=1, revoked_at_us=revoked_at_us).state == state


@pytest.mark.parametrize(
    ("revoked_at_us", "expires_at_us", "state"),
    [(None, 11, "active"), (None, 10, "expired"), (5, 11, "revoked"), (5, 10, "revoked")],
)
def test_the_state_of_a_token(revoked_at_us: int | None, expires_at_us: int, state: str) -> None:
    one = TokenRow(
        jti="t", consumer="c", scopes=frozenset(), grant=UNRESTRICTED, kid="k", issued_at_us=1,
        expires_at_us=expires_at_us, revoked_at_us=revoked_at_us,
    )  # fmt: skip
    assert one.state(10) == state


@pytest.mark.parametrize(("retired_at_us", "state"), [(None, "signs"), (11, "verifies"), (10, "retired")])
def test_the_state_of_a_signing_key(retired_at_us: int | None, state: str) -> None:
    assert SigningKey(kid="k", private_pem="", created_at_us=1, retired_at_us=retired_at_us).state(10) == state


def test_nothing_secret_is_shown_by_repr() -> None:
    """No secret reaches a log, not even by way of a traceback."""
    shown = repr(
        [
            Key(id="k", consumer="c", sha256=b"hidden", created_at_us=1),
            SigningKey(kid="k", private_pem="hidden", created_at_us=1),
            IssuedKey("k", "hidden"),
        ]
    )
    assert "hidden" not in shown
