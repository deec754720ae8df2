import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import CursorInvalid, EpochChanged
from lrs.statements.cursor import Cursors
from lrs.statements.record import Position

CURSORS = Cursors(b"s" * 32, b"epoch1")


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_opens_to_the_position_it_was_sealed_from(position: int) -> None:
    assert CURSORS.open(CURSORS.seal(Position(position))) == position


def test_equal_positions_give_equal_cursors_so_that_frames_can_be_shared() -> None:
    assert CURSORS.seal(Position(7)) == CURSORS.seal(Position(7))


def test_neighbouring_positions_do_not_look_like_neighbours() -> None:
    first, second = CURSORS.seal(Position(7))[8:], CURSORS.seal(Position(8))[8:]
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 10


@given(st.text(max_size=60))
def test_what_this_store_did_not_seal_is_refused(text: str) -> None:
    with pytest.raises((CursorInvalid, EpochChanged)):
        CURSORS.open(text)


@given(st.integers(0, 29), st.sampled_from("ABab01-_"))
def test_a_changed_cursor_is_refused(place: int, character: str) -> None:
    sealed = CURSORS.seal(Position(12345))
    changed = sealed[:place] + character + sealed[place + 1 :]
    if changed != sealed:
        try:
            opened = CURSORS.open(changed)
        except (CursorInvalid, EpochChanged):
            return
        # The last character holds spare bits, so a change there can mean the same bytes.
        assert opened == 12345


def test_a_cursor_of_an_earlier_history_says_so() -> None:
    with pytest.raises(EpochChanged):
        Cursors(b"s" * 32, b"epoch2").open(CURSORS.seal(Position(1)))


def test_a_cursor_of_another_store_with_the_same_epoch_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        Cursors(b"t" * 32, b"epoch1").open(CURSORS.seal(Position(1)))
