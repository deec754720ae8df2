"""Names of consumers, and what their records show of secrets."""

from __future__ import annotations

import pytest

from lrs.auth.consumers import Key, SigningKey, consumer_name
from lrs.auth.issue import IssuedKey
from lrs.errors import InvalidParameter


@pytest.mark.parametrize("name", ["open-edx", "Université de Genève", "engine 2", "7", "a@b.example"])
def test_a_name_is_any_printable_text(name: str) -> None:
    assert consumer_name(name) == name


@pytest.mark.parametrize("name", ["", " a", "a ", "-a", "--json", "a\nb", "a\x00", "\u202ea", "a\ud800", "a" * 101])
def test_a_name_can_neither_be_an_option_nor_hide_characters(name: str) -> None:
    with pytest.raises(InvalidParameter, match="name"):
        consumer_name(name)


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
