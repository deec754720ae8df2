"""Secrets: their form and strength."""

from __future__ import annotations

import random
import re

from lrs.auth import secrets as s

ENTROPY = random.Random(7).randbytes


def test_a_secret_has_256_bits_and_needs_no_quoting() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", s.new_secret(ENTROPY))


def test_names_of_keys_and_tokens_never_look_like_an_option_of_a_command() -> None:
    assert re.fullmatch(r"[a-z2-7]{16}", s.new_key_id(ENTROPY))
    assert re.fullmatch(r"[0-9a-f]{32}", s.new_jti(ENTROPY))


def test_only_the_secret_itself_matches() -> None:
    secret = s.new_secret(ENTROPY)
    assert s.matches(secret, s.sha256_of(secret))
    assert not s.matches(secret[:-1], s.sha256_of(secret))
    assert not s.matches("", s.NO_SECRET_SHA256)
