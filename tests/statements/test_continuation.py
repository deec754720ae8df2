import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidParameter
from lrs.statements.continuation import Continuation, Continuations

SIGHT = b"s" * 32
CURSOR = "c" * 30
CONTINUATIONS = Continuations(b"secret" * 6)


@given(st.text())
def test_what_was_written_is_read_again(query: str) -> None:
    query = query.encode("utf-8", "ignore").decode()
    written = CONTINUATIONS.write(Continuation(CURSOR, query), SIGHT)
    assert CONTINUATIONS.read(written, SIGHT) == (CURSOR, query)


@given(st.text())
def test_text_of_unknown_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="not given by this server"):
        CONTINUATIONS.read(text, SIGHT)


def test_a_reader_with_another_sight_can_not_follow() -> None:
    written = CONTINUATIONS.write(Continuation(CURSOR, "verb=x"), SIGHT)
    with pytest.raises(InvalidParameter, match="may see something else"):
        CONTINUATIONS.read(written, b"t" * 32)


def test_another_store_refuses_it() -> None:
    written = CONTINUATIONS.write(Continuation(CURSOR, "verb=x"), SIGHT)
    with pytest.raises(InvalidParameter, match="not given by this server"):
        Continuations(b"other!" * 6).read(written, SIGHT)
