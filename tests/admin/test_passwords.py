"""Passwords."""

from __future__ import annotations

import pytest

from lrs.admin.passwords import acceptable, hashed, verified
from lrs.errors import InvalidParameter


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "I am Anna, hello"])
def test_what_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(InvalidParameter):
        acceptable(password, "anna")


def test_a_password_is_kept_as_argon2id() -> None:
    assert hashed("correct horse battery").startswith("$argon2id$")


def test_a_password_fits_however_the_keyboard_composes_it() -> None:
    kept = hashed(acceptable("caf\u00e9 au lait, please", "anna"))
    assert verified("cafe\u0301 au lait, please", kept)
    assert not verified("cafe au lait, please", kept)


@pytest.mark.parametrize("stored", [None, "", "no hash"])
def test_nothing_fits_where_none_is_kept(stored: str | None) -> None:
    assert not verified("nobody has this password", stored)


def test_a_very_long_password_is_no_work_and_no_match() -> None:
    assert not verified("x" * 10_000_000, hashed("correct horse battery"))
