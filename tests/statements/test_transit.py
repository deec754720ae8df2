"""What is to be appended arrives as it left."""

from __future__ import annotations

from lrs.statements.record import Append, Attachment, SetAside
from lrs.statements.transit import packed, unpacked
from tests.samples import draft, statement, voiding


def test_every_member_of_a_job_arrives() -> None:
    named = Attachment("$.attachments[0]", "A" * 64, "text/plain", elsewhere=True, came=True)
    made = statement()
    drafts = [
        draft(made)._replace(attachments=(named,)),
        draft(voiding(made["id"]))._replace(event_key=b"0123456789abcdef", lacks_timestamp=True),
    ]
    aside = SetAside(b"{", b"[]", "lms", "1.0.3")
    assert unpacked(packed(Append(drafts, lenient=True, set_aside=(aside,)))) == Append(
        drafts, lenient=True, set_aside=(aside,)
    )


def test_what_asks_for_nothing_arrives_too() -> None:
    assert unpacked(packed(Append([]))) == Append([])
