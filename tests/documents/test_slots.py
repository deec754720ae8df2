"""What is laid into a slot comes back, and the slot is hardly larger."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrs.documents.slots import body_in, digester, head_bytes, head_in, laid, slot_bytes

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(TEXTS, TEXTS, st.binary(max_size=2_000))
def test_it_comes_back(document_id: str, content_type: str, body: bytes) -> None:
    content = laid(document_id, content_type, body)
    assert body_in(content) == (content_type, body)
    assert head_in(content[: head_bytes(content[:8])]).id == document_id


@given(st.integers(1, 2**40))
def test_little_of_a_slot_is_empty(length: int) -> None:
    size = slot_bytes(length)
    assert length <= size < length + max(64, length / 4 + 1)
    assert slot_bytes(size) == size


def test_texts_are_kept_apart() -> None:
    digest = digester(b"key")
    assert len({digest("a", "b"), digest("ab"), digest("", "ab"), digest("b", "a"), digester(b"other")("a", "b")}) == 5
